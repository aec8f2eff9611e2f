/** A short wait before something that has just failed is tried again. */
class Pause {

    private static final int MILLISECONDS = 200;

    static void briefly() {
        try {
            Thread.sleep(MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

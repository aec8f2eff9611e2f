/** A short wait before something that has just failed is tried again. */
class Pause {

    private static final int MILLISECONDS = 200;

    /** Has this class loaded: that takes a file, and there may be none left when it is needed. */
    static void prepare() {}

    static void briefly() {
        try {
            Thread.sleep(MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

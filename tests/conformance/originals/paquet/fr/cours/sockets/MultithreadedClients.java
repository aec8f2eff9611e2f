package fr.cours.sockets;

public class MultithreadedClients {

	static final int NB_CLIENTS = 100;

	public static void main(String[] args) {
		for (int i = 0; i < NB_CLIENTS; i++) {
			new AdditionClientThread().start();
		}
	}
}

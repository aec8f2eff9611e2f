package fr.cours.sockets;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;

public class MultithreadedServer {

	public static void main(String[] args) {
		int port = 8999;
		int nbClients = 0;
		ServerSocket serveur;
		try {
			serveur = new ServerSocket(port);
		} catch (IOException ex) {
			System.err.println("!!! Erreur lors de la création du socket serveur.");
			System.err.println("!!! Détails : " + ex.getMessage());
			return;
		}
		for (;;) {
			System.out.println("### Écoute sur le port " + port);
			try {
				Socket socket = serveur.accept();
				nbClients++;
				AdditionServiceThread service = new AdditionServiceThread(socket, nbClients);
				service.start();
			} catch (IOException ex) {
				ex.printStackTrace();
			}
		}
	}
}

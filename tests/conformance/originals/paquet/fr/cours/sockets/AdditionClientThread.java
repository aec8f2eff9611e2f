package fr.cours.sockets;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.UnknownHostException;

/** Un client, qui demande une seule addition. */
public class AdditionClientThread extends Thread {

	public void run() {
		try {
			System.out.println("### Tentative de connexion à 127.0.0.1:8999...");
			Socket socket = new Socket("127.0.0.1", 8999);
			System.out.println("### Connexion établie.");
			DataInputStream in = new DataInputStream(socket.getInputStream());
			DataOutputStream out = new DataOutputStream(socket.getOutputStream());
			out.writeUTF(socket.getLocalAddress().getHostAddress());
			int x = (int) (100 * Math.random());
			int y = (int) (100 * Math.random());
			System.out.println("<-- Envoi nombre 1 : " + x);
			out.writeInt(x);
			System.out.println("<-- Envoi nombre 2 : " + y);
			out.writeInt(y);
			System.out.println("--> Réponse serveur : " + x + " + " + y + " = " + in.readInt());
			System.out.println("### Fermeture connexion...");
			socket.close();
			System.out.println("### Connexion terminée.");
		} catch (UnknownHostException ex) {
			System.err.println("!!! Hôte inconnu");
			System.err.println("!!! Détails : " + ex.getMessage());
		} catch (IOException ex) {
			System.err.println("!!! Erreur réseau");
			System.err.println("!!! Détails : " + ex.getMessage());
		}
	}
}

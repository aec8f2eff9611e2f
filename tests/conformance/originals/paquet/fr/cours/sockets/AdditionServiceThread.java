package fr.cours.sockets;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;

/** Le service rendu à un client. */
public class AdditionServiceThread extends Thread {

	private Socket socket;
	private int id;

	public AdditionServiceThread(Socket socket, int id) {
		this.socket = socket;
		this.id = id;
	}

	public void run() {
		System.out.println("### Connexion établie (id client : " + id + ").");
		try {
			DataInputStream in = new DataInputStream(socket.getInputStream());
			DataOutputStream out = new DataOutputStream(socket.getOutputStream());
			System.out.println("--> Adresse du client : " + in.readUTF());
			while (true) {
				int premier = in.readInt();
				System.out.println("--> Premier nombre reçu depuis " + id + " : " + premier);
				int deuxieme = in.readInt();
				System.out.println("--> Deuxième nombre reçu depuis " + id + " : " + deuxieme);
				int total = premier + deuxieme;
				System.out.println("<-- Somme retournée à client " + id + " : " + total);
				out.writeInt(total);
			}
		} catch (IOException ex) {
			System.out.println("### Le client " + id + " est déconnecté");
		}
	}
}

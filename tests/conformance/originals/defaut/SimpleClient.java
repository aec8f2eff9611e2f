import java.io.*;
import java.net.*;

public class SimpleClient {

	public static void main(String[] args) {
		String hote = "127.0.0.1";
		int port = 8999;
		try {
			System.out.println("### Tentative de connexion à " + hote + ":" + port + "...");
			Socket s = new Socket(hote, port);
			System.out.println("### Connexion établie.");

			DataOutputStream versServeur = new DataOutputStream(s.getOutputStream());
			DataInputStream duServeur = new DataInputStream(s.getInputStream());

			versServeur.writeUTF(s.getLocalAddress().getHostAddress());

			for (int i = 1; i <= 3; i++) {
				int n1 = (int) (Math.random() * 100);
				System.out.println("<-- Envoi nombre 1 : " + n1);
				versServeur.writeInt(n1);
				int n2 = (int) (Math.random() * 100);
				System.out.println("<-- Envoi nombre 2 : " + n2);
				versServeur.writeInt(n2);
				int reponse = duServeur.readInt();
				System.out.println("--> Réponse serveur : " + reponse);
			}

			System.out.println("### Fermeture connexion...");
			s.close();
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

import java.io.*;
import java.net.*;

public class SimpleServer {

	public static void main(String[] args) {
		final int PORT = 8999;
		ServerSocket ecoute = null;
		try {
			ecoute = new ServerSocket(PORT);
		} catch (IOException ex) {
			System.err.println("!!! Erreur lors de la création du socket serveur.");
			System.err.println("!!! Détails : " + ex.getMessage());
			System.exit(0);
		}

		while (true) {
			try {
				System.out.println("### Écoute sur le port " + PORT);
				Socket client = ecoute.accept();
				System.out.println("### Connexion établie.");

				DataInputStream entree = new DataInputStream(client.getInputStream());
				DataOutputStream sortie = new DataOutputStream(client.getOutputStream());

				// le client se présente
				String adresse = entree.readUTF();
				System.out.println("--> Nouveau client à l'adresse : " + adresse);

				boolean present = true;
				while (present) {
					try {
						int a = entree.readInt();
						System.out.println("--> Premier nombre reçu : " + a);
						int b = entree.readInt();
						System.out.println("--> Deuxième nombre reçu : " + b);
						int somme = a + b;
						System.out.println("<-- Somme retournée : " + somme);
						sortie.writeInt(somme);
						System.out.println("### Traitement de cette requête terminée.");
					} catch (IOException ex) {
						System.out.println("### Le client est déconnecté");
						present = false;
					}
				}
			} catch (IOException ex) {
				System.out.println("!!! La connexion a été interrompue.");
				System.err.println("!!! Erreur : " + ex.getMessage());
			}
		}
	}
}

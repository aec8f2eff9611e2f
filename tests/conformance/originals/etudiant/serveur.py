"""Un serveur d'étudiant, sans aucune bibliothèque : le port est en dur, la console est libre."""

# mypy: ignore-errors

import socket
import struct
import threading


def lire(s, combien):
    octets = b""
    while len(octets) < combien:
        morceau = s.recv(combien - len(octets))
        if not morceau:
            raise EOFError
        octets += morceau
    return octets


def servir(s, qui):
    with s:
        try:
            (longueur,) = struct.unpack(">H", lire(s, 2))
            print("bonjour", lire(s, longueur).decode(), flush=True)
            while True:
                a, b = struct.unpack(">ii", lire(s, 8))
                somme = (a + b + 2**31) % 2**32 - 2**31
                s.sendall(struct.pack(">i", somme))
        except EOFError:
            print(qui, "est parti", flush=True)


serveur = socket.create_server(("", 8999), backlog=100)
while True:
    connexion, adresse = serveur.accept()
    threading.Thread(target=servir, args=(connexion, adresse)).start()

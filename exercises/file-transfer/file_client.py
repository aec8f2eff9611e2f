"""FileClient: sends files to a file server, and compares what the server says of each with what it sent.

Usage: `file_client.py host port file...`
"""

import sys
import zlib
from pathlib import Path

from javaio import DataInputStream, DataOutputStream, to_int32
from pyclient.connecting import NETWORK_ERRORS, connect, local_address, say_network_error
from pyconsole import end_on_ctrl_c, err, out

_PIECE = 8192


def main(arguments: list[str]) -> int:
    """Sends the files; the status of the program is 0 where all have arrived well."""
    end_on_ctrl_c()
    if len(arguments) < 3:
        err("!!! Usage : python3 file_client.py HÔTE PORT FICHIER...")
        return 1
    host, port = arguments[0], int(arguments[1])
    files = [Path(argument) for argument in arguments[2:]]
    for file in files:
        if not _is_readable(file):
            err(f"!!! Fichier illisible : {file}")
            return 1

    all_well = True
    try:
        with connect(host, port) as connection, connection.makefile("rwb", buffering=0) as stream:
            data_in = DataInputStream(stream)
            data_out = DataOutputStream(stream)

            data_out.write_utf(local_address(connection))

            for file in files:
                size = file.stat().st_size
                out(f"<-- Envoi du fichier {file.name}, {size} octets")
                data_out.write_utf(file.name)
                data_out.write_long(size)
                sent = _send(file, size, data_out)

                received = data_in.read_long()
                checksum = data_in.read_int()
                out(f"--> Réponse serveur : {received} octets, somme de contrôle {checksum}")
                if (received, checksum) == (size, sent):
                    out("### Fichier bien arrivé.")
                else:
                    err(f"!!! Fichier mal arrivé : {file.name}")
                    all_well = False

            out("### Fermeture connexion...")
        out("### Connexion terminée.")
    except NETWORK_ERRORS as error:
        say_network_error(error, host)
        return 1
    return 0 if all_well else 1


def _is_readable(file: Path) -> bool:
    try:
        with file.open("rb"):
            return True
    except OSError:
        return False


def _send(file: Path, size: int, data_out: DataOutputStream) -> int:
    """Sends so many bytes of a file, piece by piece; returns their CRC-32."""
    checksum = 0
    left = size
    with file.open("rb") as stream:
        content = DataInputStream(stream)
        while left > 0:
            piece = content.read_fully(min(left, _PIECE))
            checksum = zlib.crc32(piece, checksum)
            data_out.write(piece)
            left -= len(piece)
    return to_int32(checksum)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

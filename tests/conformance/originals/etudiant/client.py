"""Un client d'étudiant : il demande une addition, et n'écrit que la réponse."""

import socket
import struct
import sys

hote, port = sys.argv[1], int(sys.argv[2])
with socket.create_connection((hote, port)) as s:
    moi = s.getsockname()[0].encode()
    s.sendall(struct.pack(">H", len(moi)) + moi + struct.pack(">ii", 40, 2))
    reponse = b""
    while len(reponse) < 4:
        reponse += s.recv(4 - len(reponse))
    print(*struct.unpack(">i", reponse))

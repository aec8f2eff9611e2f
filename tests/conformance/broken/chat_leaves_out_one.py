"""Sends every message to all clients but the second."""

from __future__ import annotations

import sys

from tests.conformance.broken.working import ChatServer, Post


class Broken(ChatServer):
    def broadcast(self, post: Post) -> None:
        for id_ in self.members:
            if id_ != 2:
                self.send(id_, post)


if __name__ == "__main__":
    Broken().run(int(sys.argv[1]))

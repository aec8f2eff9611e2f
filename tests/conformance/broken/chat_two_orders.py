"""Sends two messages that come at once in one order to some, and in the other to the rest."""

from __future__ import annotations

import sys

from tests.conformance.broken.working import AT_ONCE, ChatServer, Post


class Broken(ChatServer):
    waiting: Post | None = None

    def broadcast(self, post: Post) -> None:
        if post not in AT_ONCE:
            super().broadcast(post)
        elif self.waiting is None:
            self.waiting = post
        else:
            posts = (self.waiting, post)
            for id_ in self.members:
                for each in posts if id_ == 1 else reversed(posts):
                    self.send(id_, each)
            self.waiting = None


if __name__ == "__main__":
    Broken().run(int(sys.argv[1]))

"""Waits for the second message of two that come at once, and sends the author of one with the text of the other."""

from __future__ import annotations

import sys

from tests.conformance.broken.working import AT_ONCE, ChatServer, Post


class Broken(ChatServer):
    waiting: Post | None = None

    def broadcast(self, post: Post) -> None:
        if post in AT_ONCE:
            if self.waiting is None:
                self.waiting = post
                return
            super().broadcast((self.waiting[0], post[1]))
            post = (post[0], self.waiting[1])
            self.waiting = None
        super().broadcast(post)


if __name__ == "__main__":
    Broken().run(int(sys.argv[1]))

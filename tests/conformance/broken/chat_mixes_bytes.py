"""Sends the beginning of one message, then another whole one, then the rest of the first."""

from __future__ import annotations

import sys

from javaio import DataOutputStream
from tests.conformance.broken.working import AT_ONCE, ChatServer, Post


class Broken(ChatServer):
    waiting: Post | None = None

    def broadcast(self, post: Post) -> None:
        if post not in AT_ONCE:
            super().broadcast(post)
        elif self.waiting is None:
            self.waiting = post
            for stream in self.members.values():
                DataOutputStream(stream).write_utf(post[0])
        else:
            super().broadcast(post)
            for stream in self.members.values():
                DataOutputStream(stream).write_utf(self.waiting[1])
            self.waiting = None


if __name__ == "__main__":
    Broken().run(int(sys.argv[1]))

"""ChatClient: sends what is typed to a chat server, and prints what the others write. Java: `ChatClient`.

The main thread receives from the server, so that the program ends as soon as the connection does. A daemon thread reads
the keyboard, and does not delay that end.
"""

from javaio import DataInputStream, DataOutputStream
from pyclient.chat_keyboard_thread import ChatKeyboardThread, open_keyboard
from pyclient.connecting import NETWORK_ERRORS, connect, local_address, say_network_error
from pyconsole import out, visible

__all__ = ["run"]


def run(author: str, host: str, port: int) -> int:
    """Chats until the end of the input; returns the exit status."""
    typed = open_keyboard()
    try:
        with connect(host, port) as connection, connection.makefile("rwb", buffering=0) as stream:
            DataOutputStream(stream).write_utf(local_address(connection))
            keyboard = ChatKeyboardThread(typed, author, connection)
            keyboard.start()
            try:
                _show_messages(DataInputStream(stream), keyboard)
            except NETWORK_ERRORS:
                if not keyboard.closing():
                    raise
        out("### Connexion terminée.")
    except NETWORK_ERRORS as error:
        say_network_error(error, host)
        return 1
    return 0


def _show_messages(data_in: DataInputStream, keyboard: ChatKeyboardThread) -> None:
    """Prints the messages of the other authors until the connection ends."""
    while True:
        author = data_in.read_utf()
        text = data_in.read_utf()
        if author != keyboard.author:
            keyboard.show_unless_closing(f"--> {visible(author)} : {visible(text)}")

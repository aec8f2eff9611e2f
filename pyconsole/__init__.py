"""What the programs of both sides, servers and clients, have in common towards the person in front of them.

out("### Écoute sur le port 8999")                      System.out.println
err("!!! Erreur : " + reason(error))                    System.err.println, and the JDK's e.getMessage()
out("--> Message de " + visible(author))                text from the network, its control characters escaped
end_on_ctrl_c()                                         no traceback, at any moment
GatheredLines().out("...")                              the same line from one of very many threads
"""

from pyconsole.arguments import port_number
from pyconsole.console import encoded, err, out, out_encoded, use_utf8
from pyconsole.gathered import GatheredLines
from pyconsole.process import allow_many_connections, end_on_ctrl_c, stay_on_one_processor
from pyconsole.reasons import CONNECTION_ERRORS, reason
from pyconsole.visible import visible

__all__ = [
    "CONNECTION_ERRORS",
    "GatheredLines",
    "allow_many_connections",
    "encoded",
    "end_on_ctrl_c",
    "err",
    "out",
    "out_encoded",
    "port_number",
    "reason",
    "stay_on_one_processor",
    "use_utf8",
    "visible",
]

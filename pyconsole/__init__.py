"""The console of the servers and the clients: their lines, their arguments, how they end.

out("### Écoute sur le port 8999")                      Java: System.out.println
err("!!! Erreur : " + reason(error))                    Java: System.err.println, and the JDK's e.getMessage()
out("--> Message de " + visible(author))                text from the network, with control characters escaped
end_on_ctrl_c()                                         Ctrl-C ends the program without a traceback
BatchedOutput().out("...")                              a line from one of very many threads
"""

from pyconsole.arguments import host_name, port_number
from pyconsole.batched_output import BatchedOutput
from pyconsole.console import encoded, err, out, out_encoded, use_utf8
from pyconsole.process import allow_many_connections, end_on_ctrl_c, stay_on_one_processor
from pyconsole.reasons import CONNECTION_ERRORS, reason
from pyconsole.visible import visible

__all__ = [
    "CONNECTION_ERRORS",
    "BatchedOutput",
    "allow_many_connections",
    "encoded",
    "end_on_ctrl_c",
    "err",
    "host_name",
    "out",
    "out_encoded",
    "port_number",
    "reason",
    "stay_on_one_processor",
    "use_utf8",
    "visible",
]

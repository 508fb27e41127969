"""The one exception that means: the user's input is at fault, and this line says where."""


class InputError(Exception):
    """Bad input. The message is one line that names the fault and the place (file, record, option).

    Mains print it without a traceback and exit with status 2 (`simpose_tf.app.run`).
    """

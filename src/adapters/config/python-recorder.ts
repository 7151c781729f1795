/**
 * The Python program that runs a config file of Jupyter and prints, as JSON,
 * what it assigned: `{"config": {class: {trait: value}}}`, or
 * `{"error": text, "line": number}`. Its one argument is the file.
 */
export const pythonRecorder = `
import json
import math
import os
import sys

answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # what the file prints is not the answer


class Items:
    """A list, set or dict that the file changes without having assigned it."""

    def __init__(self):
        self.before = []
        self.after = []

    def append(self, item):
        self.after.append(item)

    add = append

    def insert(self, index, item):
        (self.before if index == 0 else self.after).append(item)

    def extend(self, items):
        self.after.extend(plain(items))

    update = extend

    def prepend(self, items):
        self.before[:0] = plain(items)


class Section(dict):
    """The options of one class."""

    def __missing__(self, name):
        if name.startswith("__"):
            raise KeyError(name)
        self[name] = Items()
        return self[name]

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name, value):
        self[name] = value


class Config(Section):
    """The object named c."""

    def __missing__(self, name):
        if name.startswith("__"):
            raise KeyError(name)
        self[name] = Section()
        return self[name]


def plain(value):
    if isinstance(value, Items):
        return {"$items": {"before": plain(value.before), "after": plain(value.after)}}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$python": "float that is not finite"}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, (list, tuple, range)):
        return [plain(item) for item in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, type):
        return value.__module__ + "." + value.__qualname__
    return {"$python": type(value).__name__}


def line_in(file, error):
    if isinstance(error, SyntaxError):
        return error.lineno
    trace, line = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def run(file, config):
    def load_subconfig(name, path=None):
        run(os.path.join(path or os.path.dirname(file), name), config)

    with open(file, "rb") as source:
        code = compile(source.read(), file, "exec")
    names = {"c": config, "get_config": lambda: config, "load_subconfig": load_subconfig}
    exec(code, {"__file__": file, "__name__": "__config__", **names})


def main(file):
    config = Config()
    try:
        run(file, config)
        return {"config": plain(config)}
    except BaseException as error:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
        return {"error": type(error).__name__ + ": " + text, "line": line_in(file, error)}


json.dump(main(sys.argv[1]), answer)
answer.close()
`;

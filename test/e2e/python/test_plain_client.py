"""A client that knows nothing but the API: JSON over HTTP without a
Content-Type, and the default WebSocket protocol with the sparse messages of
clients that were written long ago."""

import json
import os
import queue
import threading
import uuid

import pytest
import requests
import websocket

GATEWAY = os.environ["GATEWAY_URL"]
TOKEN = os.environ.get("GATEWAY_TOKEN")
HEADERS = {"Authorization": f"token {TOKEN}"} if TOKEN else {}
TIMEOUT = 30


class Kernel:
    """One kernel and one socket to it; a thread reads what comes."""

    def __init__(self, **env):
        body = {"name": "python3", "env": {"KERNEL_USERNAME": "bob", **env}}
        answer = self.http("POST", "", data=json.dumps(body))
        assert answer.status_code == 201, answer.text
        self.id = answer.json()["id"]
        self.socket = None
        self.reader = None
        self.inbox = queue.Queue()
        self.kept = []
        self.open()

    def http(self, method, path, **more):
        url = f"{GATEWAY}/api/kernels{path}"
        return requests.request(method, url, headers=HEADERS, timeout=60, **more)

    def open(self):
        address = GATEWAY.replace("http", "ws", 1) + f"/api/kernels/{self.id}/channels"
        header = [f"{name}: {value}" for name, value in HEADERS.items()]
        self.socket = websocket.create_connection(
            address, timeout=TIMEOUT, enable_multithread=True, header=header
        )
        self.reader = threading.Thread(target=self.read, args=(self.socket,), daemon=True)
        self.reader.start()

    def read(self, socket):
        try:
            while True:
                self.inbox.put(json.loads(socket.recv()))
        except (websocket.WebSocketException, OSError, ValueError):
            self.inbox.put(None)

    def close(self):
        self.socket.close()
        self.reader.join(5)
        assert not self.reader.is_alive()
        self.inbox = queue.Queue()

    def send(self, code):
        msg_id = uuid.uuid4().hex
        header = {
            "msg_id": msg_id,
            "msg_type": "execute_request",
            "session": "",
            "username": "",
            "version": "5.0",
        }
        content = {
            "code": code,
            "silent": False,
            "store_history": False,
            "user_expressions": {},
            "allow_stdin": False,
        }
        message = {
            "header": header,
            "parent_header": {},
            "metadata": {},
            "content": content,
            "buffers": {},
            "channel": "shell",
        }
        self.socket.send(json.dumps(message))
        return msg_id

    def result(self, msg_id):
        """All messages about a request, once its reply and `idle` are there."""
        while True:
            mine = [one for one in self.kept if one["parent_header"].get("msg_id") == msg_id]
            replied = any(one["msg_type"] == "execute_reply" for one in mine)
            if replied and any(one["content"].get("execution_state") == "idle" for one in mine):
                return mine
            message = self.inbox.get(timeout=TIMEOUT)
            assert message is not None, "the socket was closed"
            self.kept.append(message)

    def run(self, code):
        """The texts that came out, and the status of the reply."""
        texts, status = [], None
        for message in self.result(self.send(code)):
            content = message["content"]
            if message["msg_type"] == "stream":
                texts.append(content["text"])
            elif message["msg_type"] in ("execute_result", "display_data"):
                texts.append(content["data"]["text/plain"])
            elif message["msg_type"] == "execute_reply":
                status = content["status"]
        return "".join(texts), status

    def await_message(self, fits):
        while True:
            message = self.inbox.get(timeout=TIMEOUT)
            assert message is not None, "the socket was closed"
            self.kept.append(message)
            if fits(message):
                return message

    def state(self):
        answer = self.http("GET", f"/{self.id}")
        assert answer.status_code == 200, answer.text
        return answer.json()["execution_state"]

    def delete(self):
        self.socket.close()
        return self.http("DELETE", f"/{self.id}")


@pytest.fixture
def kernel():
    kernel = Kernel()
    yield kernel
    kernel.delete()


def test_output_result_and_error(kernel):
    assert kernel.run("print('Hello World')") == ("Hello World\n", "ok")
    assert kernel.run("6 * 7") == ("42", "ok")
    assert kernel.run("1 / 0")[1] == "error"


def test_state_is_shared_between_cells(kernel):
    kernel.run("value = [1]")
    kernel.run("value.append(2)")
    assert kernel.run("value")[0] == "[1, 2]"


def test_environment_of_the_request():
    kernel = Kernel(KERNEL_COLOUR="green")
    try:
        assert kernel.run("import os; print(os.environ['KERNEL_COLOUR'])")[0] == "green\n"
        assert kernel.run("print(os.environ['KERNEL_USERNAME'])")[0] == "bob\n"
    finally:
        kernel.delete()


def test_interrupt_from_another_thread(kernel):
    kernel.run("import time")
    msg_id = kernel.send("print('on', flush=True)\nfor _ in range(600): time.sleep(0.1)")
    kernel.await_message(lambda message: message["msg_type"] == "stream")
    answers = []
    interrupter = threading.Thread(
        target=lambda: answers.append(kernel.http("POST", f"/{kernel.id}/interrupt"))
    )
    interrupter.start()
    messages = kernel.result(msg_id)
    interrupter.join()
    assert answers[0].status_code == 204
    reply = next(message for message in messages if message["msg_type"] == "execute_reply")
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    assert kernel.run("print('still here')")[0] == "still here\n"


def test_restart_closes_and_reopens_the_socket(kernel):
    kernel.run("x = 1")
    kernel.close()
    answer = kernel.http("POST", f"/{kernel.id}/restart")
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == kernel.id
    kernel.open()
    assert kernel.run("x")[1] == "error"
    assert kernel.run("print('new')")[0] == "new\n"


def test_restart_with_the_socket_open(kernel):
    kernel.run("x = 1")
    answer = kernel.http("POST", f"/{kernel.id}/restart")
    assert answer.status_code == 200, answer.text
    assert kernel.run("x")[1] == "error"


def test_state_in_the_model(kernel):
    kernel.run("import time")
    assert kernel.state() == "idle"
    msg_id = kernel.send("print('on', flush=True)\nfor _ in range(600): time.sleep(0.1)")
    kernel.await_message(lambda message: message["msg_type"] == "stream")
    assert kernel.state() == "busy"
    kernel.http("POST", f"/{kernel.id}/interrupt")
    kernel.result(msg_id)
    assert kernel.state() == "idle"


def test_many_requests_in_a_row(kernel):
    ids = [kernel.send(f"print({number})") for number in range(50)]
    for number, msg_id in enumerate(ids):
        messages = kernel.result(msg_id)
        texts = [one["content"]["text"] for one in messages if one["msg_type"] == "stream"]
        assert "".join(texts) == f"{number}\n"


def test_deletion(kernel):
    assert kernel.http("DELETE", f"/{kernel.id}").status_code == 204
    assert kernel.http("GET", f"/{kernel.id}").status_code == 404


def test_several_kernels_side_by_side():
    kernels = [Kernel() for _ in range(3)]
    try:
        for number, kernel in enumerate(kernels):
            kernel.run(f"mine = {number}")
        assert [kernel.run("mine")[0] for kernel in kernels] == ["0", "1", "2"]
    finally:
        for kernel in kernels:
            kernel.delete()

"""The classes with which Jupyter itself talks to a gateway. The address comes
from JUPYTER_GATEWAY_URL, as in a notebook server's configuration."""

import asyncio

import nbformat
import papermill
import pytest
from jupyter_server.gateway.gateway_client import GatewayClient
from jupyter_server.gateway.managers import GatewayKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from tornado.web import HTTPError

MANAGER = "jupyter_server.gateway.managers.GatewayKernelManager"
TIMEOUT = 60


@pytest.fixture(autouse=True)
def gateway_client():
    client = GatewayClient.instance()
    assert client.gateway_enabled
    client.init_connection_args()


def notebook(*sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def executed(*sources, **options):
    book = notebook(*sources)
    NotebookClient(book, timeout=TIMEOUT, kernel_name="python3", kernel_manager_class=MANAGER, **options).execute()
    return book


def text_of(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


def test_nbclient_executes_a_notebook():
    book = executed("x = 6", "print(x * 7)", "x")
    assert text_of(book.cells[1]) == "42\n"
    assert book.cells[2].outputs[0].data["text/plain"] == "6"
    assert [cell.execution_count for cell in book.cells] == [1, 2, 3]


def test_nbclient_keeps_a_long_output_whole():
    book = executed("for i in range(5000): print(i)")
    assert text_of(book.cells[0]) == "".join(f"{i}\n" for i in range(5000))


def test_nbclient_tells_of_an_error():
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        executed("1 / 0")


def test_nbclient_does_not_wait_for_a_kernel_that_died():
    with pytest.raises(Exception):
        executed("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "print(1)", raise_on_iopub_timeout=True)


def test_papermill_executes_a_notebook_with_parameters(tmp_path):
    book = notebook("n = 1", "print(n * 2)")
    book.cells[0].metadata["tags"] = ["parameters"]
    source, target = tmp_path / "in.ipynb", tmp_path / "out.ipynb"
    nbformat.write(book, source)
    papermill.execute_notebook(
        source, target, parameters={"n": 21}, kernel_manager_class=MANAGER, progress_bar=False
    )
    result = nbformat.read(target, as_version=4)
    assert text_of(result.cells[-1]) == "42\n"


async def run_code(client, code):
    """The reply and the text of stdout."""
    msg_id = client.execute(code)
    text, reply = "", None
    while reply is None:
        message = await client.get_shell_msg(timeout=TIMEOUT)
        if message["parent_header"].get("msg_id") == msg_id:
            reply = message
    while True:
        message = await client.get_iopub_msg(timeout=TIMEOUT)
        if message["parent_header"].get("msg_id") != msg_id:
            continue
        if message["msg_type"] == "stream":
            text += message["content"]["text"]
        if message["content"].get("execution_state") == "idle":
            return reply, text


async def started():
    manager = GatewayKernelManager(kernel_name="python3")
    await manager.start_kernel()
    client = manager.client()
    await client.start_channels()
    await client.wait_for_ready(timeout=TIMEOUT)
    return manager, client


def test_manager_and_client_from_start_to_shutdown():
    async def scenario():
        manager, client = await started()
        assert await manager.is_alive()
        reply, text = await run_code(client, "print('through the gateway')")
        assert (reply["content"]["status"], text) == ("ok", "through the gateway\n")
        client.stop_channels()
        await manager.shutdown_kernel()

    asyncio.run(scenario())


def test_interrupt_through_the_manager():
    async def scenario():
        manager, client = await started()
        msg_id = client.execute("print('on', flush=True)\nimport time\ntime.sleep(300)")
        while True:
            message = await client.get_iopub_msg(timeout=TIMEOUT)
            if message["msg_type"] == "stream":
                break
        await manager.interrupt_kernel()
        reply = await client.get_shell_msg(timeout=TIMEOUT)
        assert reply["parent_header"]["msg_id"] == msg_id
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        client.stop_channels()
        await manager.shutdown_kernel()

    asyncio.run(scenario())


def test_restart_through_the_manager():
    async def scenario():
        manager, client = await started()
        await run_code(client, "x = 1")
        kernel_id = manager.kernel_id
        await manager.restart_kernel()
        assert manager.kernel_id == kernel_id
        client.stop_channels()
        fresh = manager.client()
        await fresh.start_channels()
        await fresh.wait_for_ready(timeout=TIMEOUT)
        reply, _ = await run_code(fresh, "x")
        assert reply["content"]["ename"] == "NameError"
        fresh.stop_channels()
        await manager.shutdown_kernel()

    asyncio.run(scenario())


def test_an_unknown_kernelspec_is_an_error_that_names_it():
    async def scenario():
        manager = GatewayKernelManager()
        with pytest.raises(HTTPError) as failure:
            await manager.start_kernel(kernel_name="cobol")
        assert failure.value.status_code == 404
        assert "cobol" in f"{failure.value.log_message} {failure.value.reason} {failure.value.args}"

    asyncio.run(scenario())


def test_a_new_kernel_is_ready_again_and_again():
    """`wait_for_ready` gives its first kernel_info one second, and iopub a fifth."""

    async def scenario():
        for _ in range(5):
            manager, client = await started()
            client.stop_channels()
            await manager.shutdown_kernel()

    asyncio.run(scenario())

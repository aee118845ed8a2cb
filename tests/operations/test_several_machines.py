"""Three replicas behind nginx with one PostgreSQL, under load: nothing fails, everything reaches everybody."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest

from app.storage import corrections
from app.storage.database import open_database, reading
from tests.conftest import ROOT, encode
from tests.service.server import production, wait_until_listening
from tests.service.test_model_updates import Load, classes, letters, publish, roll_back, until
from tests.test_deployment import free_port

__all__ = ["letters"]

_OUTER = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
{user}
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/handwritten.conf;
}}
"""


@contextmanager
def nginx(replicas: list[str], folder: Path) -> Iterator[str]:
    """operations/nginx.conf with these replicas instead of `app`, in Debian's nginx."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        assert "CI" not in os.environ, "nginx is missing: apt-get install nginx-light"
        pytest.skip("nginx is not installed (Debian: apt-get install nginx-light)")
    port = free_port()
    ours = (ROOT / "operations" / "nginx.conf").read_text()
    (line,) = re.findall(r"^ *server app:8000(.*;)$", ours, re.MULTILINE)
    servers = "\n".join(f"server {replica.removeprefix('http://')}{line}" for replica in replicas)
    ours = ours.replace(f"server app:8000{line}", servers).replace("listen 80;", f"listen 127.0.0.1:{port};")
    (folder / "handwritten.conf").write_text(ours)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_OUTER.format(folder=folder, user=user))
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.PIPE)
    try:
        wait_until_listening(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.slow
def test_corrections_and_publications_of_three_replicas_under_load(postgres, letters, seven, tmp_path):
    url = postgres.new_database()
    settings = {"DATABASE_URL": url, "LOG_REQUESTS": "false", "MODEL_POLL_SECONDS": "0.5", "REVIEW_PASSWORD": "a word"}
    image = encode(seven)
    acknowledged: list[str] = []
    refused: list[int] = []

    def correct(address: str, enough: int) -> None:
        while len(acknowledged) < enough:
            answer = httpx2.post(f"{address}/corrections", files={"image": image}, data={"label": "7"})
            if answer.status_code == 201:
                acknowledged.append(answer.json()["id"])
            elif answer.status_code != 422:  # while the model of letters is served, 7 is no class
                refused.append(answer.status_code)

    with ExitStack() as stack:
        running = [stack.enter_context(production(**settings, CORRECTION_RATE="100000/minute")) for _ in range(3)]
        replicas = [address for address, _ in running]
        address = stack.enter_context(nginx(replicas, tmp_path))
        with Load(address, image) as load:
            corrector = threading.Thread(target=correct, args=(address, 60))
            corrector.start()
            until(lambda: len(acknowledged) >= 20, 60)
            publish(url, "letters", letters.read_bytes())
            until(lambda: all(classes(replica) == "abc" for replica in replicas))
            roll_back(url)
            until(lambda: all(classes(replica) == "0123456789" for replica in replicas))
            running[0][1].terminate()  # one machine stops; nginx asks the others
            running[0][1].wait(20)
            corrector.join(60)
        shares = [_answered(replica) for replica in replicas[1:]]
        assert httpx2.get(f"{address}/metrics").status_code == 403
        # As browsers send the form over plain HTTP.
        form = httpx2.post(f"{address}/review", auth=("", "a word"), headers={"origin": address}, data={})
        assert form.status_code == 303
    assert load.failures == []
    assert refused == []
    assert {status for status, _ in load.answers} == {200}
    assert {names for _, names in load.answers} == {"abc", "0123456789"}
    assert min(shares) > 0, "each replica took part"
    with reading(open_database(url)) as connection:
        assert {one.id for one in corrections.find(connection)} == set(acknowledged)


def _answered(replica: str) -> float:
    lines = httpx2.get(f"{replica}/metrics").text
    return float(re.findall(r'route="/corrections",status="201"\} (.+)', lines)[0])

"""Proxies and certificates of the environment, as the client beneath is given them."""

import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from helpers.asking import ask, chat_model
from helpers.loopback import Server, completion
from spacy_distill import DistillError

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    """An environment without proxies and certificates."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def one_answer(tmp_path, endpoint, **settings):
    return ask(chat_model(tmp_path / "ledger.sqlite", endpoint, **{"max_tries": 1, **settings}), 1)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_another_machine_is_asked_through_the_proxy_of_the_environment(tmp_path, monkeypatch, variable):
    with Server(lambda call: completion("[]")) as proxy:
        monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        assert one_answer(tmp_path, "http://api.example.test/v1").states == {"ok": 1}
        assert [call.path for call in proxy.calls] == ["http://api.example.test/v1/chat/completions"]


def test_a_host_that_needs_no_proxy_is_asked_itself(tmp_path, monkeypatch):
    with Server(lambda call: completion("[]")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "api.example.test")
        assert "connection failed" in one_answer(tmp_path, "http://api.example.test/v1").stopped
        assert not proxy.calls


def test_tls_goes_through_the_tunnel_of_a_proxy_and_the_key_does_not_reach_it(tmp_path, monkeypatch, secure):
    port, certificate = secure
    seen = []
    monkeypatch.setenv("KEY", "secret-of-the-test")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setattr("spacy_distill.teacher.client.is_loopback", lambda endpoint: False)
    with tunnel(seen) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:word@127.0.0.1:{proxy}")
        statistics = one_answer(tmp_path, f"https://127.0.0.1:{port}/v1", api_key_env="KEY")
    assert statistics.states == {"ok": 1}
    assert seen[0].startswith(f"CONNECT 127.0.0.1:{port} ")
    assert "Proxy-Authorization: Basic bWU6d29yZA==" in seen[0]
    assert "secret-of-the-test" not in "".join(seen)


def test_a_proxy_that_is_not_there_is_named_without_its_password(tmp_path, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://me:pass-word-9@127.0.0.1:9")
    stopped = one_answer(tmp_path, "http://api.example.test/v1").stopped
    assert "connection failed" in stopped and "127.0.0.1:9" in stopped
    assert "pass-word-9" not in stopped


UNUSABLE = [("HTTP_PROXY", "http://host:port"), ("HTTPS_PROXY", "http://host:99999999")]
UNUSABLE += [("SSL_CERT_FILE", "/nowhere.pem"), ("SSL_CERT_FILE", __file__)]


@pytest.mark.parametrize(("name", "value"), UNUSABLE)
def test_an_environment_that_no_client_can_use_is_named(tmp_path, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(DistillError, match=f"api.example.test.*{name}"):
        one_answer(tmp_path, "http://api.example.test/v1")
    with Server(lambda call: completion("[]")) as server:
        assert one_answer(tmp_path, server.url).states == {"ok": 1}


def test_a_server_that_is_down_is_named_with_what_to_look_at(tmp_path):
    with Server(lambda call: completion("[]")) as server:
        url = server.url
    stopped = one_answer(tmp_path, url).stopped
    assert url in stopped and "Look whether the server runs" in stopped


@contextmanager
def tunnel(seen):
    """The port of a proxy that makes one tunnel; what it could read of it is in `seen`."""
    listening = socket.create_server(("127.0.0.1", 0))

    def copy(source, target):
        with suppress(OSError):
            while data := source.recv(65536):
                seen.append(data.decode("latin-1"))
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def serve():
        client, _ = listening.accept()
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(65536)
        seen.append(head.decode())
        host, _, port = head.split()[1].decode().partition(":")
        with client, socket.create_connection((host, int(port))) as server:
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=copy, args=(server, client))
            back.start()
            copy(client, server)
            back.join()

    with listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10)


class Secure(BaseHTTPRequestHandler):
    """Answers over TLS."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        payload = completion("[]").payload()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *args):
        """Nothing."""


@pytest.fixture
def secure(tmp_path):
    """The port of a server whose certificate nobody vouches for but itself, and that certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*command, *names], check=True, capture_output=True)
    server = HTTPServer(("127.0.0.1", 0), Secure)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1], cert
    server.shutdown()
    server.server_close()


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path, secure):
    stopped = one_answer(tmp_path, f"https://127.0.0.1:{secure[0]}/v1").stopped
    assert "its certificate is not trusted (self-signed certificate). Name a file" in stopped


@pytest.mark.parametrize("elsewhere", [True, False])
def test_the_certificates_of_the_environment_are_trusted(tmp_path, monkeypatch, secure, elsewhere):
    monkeypatch.setenv("SSL_CERT_FILE", str(secure[1]))
    if elsewhere:
        monkeypatch.setattr("spacy_distill.teacher.client.is_loopback", lambda endpoint: False)
    assert one_answer(tmp_path, f"https://127.0.0.1:{secure[0]}/v1").states == {"ok": 1}

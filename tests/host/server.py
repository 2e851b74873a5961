# SPDX-License-Identifier: MIT
"""A server of one file, which does wrong what it is told to, and keeps what it was asked."""

import re
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        how = self.server.how
        fault = how.faults.pop(0) if how.faults else how.always
        with how.lock:
            how.asked.append({name.lower(): value for name, value in self.headers.items()})
            how.clients.add(self.client_address)
        if fault and fault[0] == "status":
            return self.plain(fault[1])
        if fault and fault[0] == "redirect":
            return self.plain(302, Location=fault[1])
        if fault and fault[0] == "head":
            return self.endless()
        if how.token and self.headers.get("Authorization") != how.token:
            return self.plain(401)
        return self.part(how, fault or ("none", 0))

    def plain(self, status, **lines):
        self.send_response(status)
        self.send_header("Content-Length", "4")
        for name, value in lines.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"nope")

    def endless(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        try:
            while True:
                self.wfile.write(b"X-More: " + b"x" * 1000 + b"\r\n")
        except OSError:
            self.close_connection = True

    def part(self, how, fault):
        """The file, or the part that was asked for; fault: (what goes wrong, after how many bytes)."""
        data, begin = how.data, 0
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        same = self.headers.get("If-Range") in (None, how.etag)
        if how.ranges and asked and same:
            begin, end = int(asked[1]), int(asked[2] or len(data) - 1) + 1
            data = data[begin:end]
            self.send_response(206)
            shown = begin + 1 if fault[0] == "elsewhere" else begin
            if fault[0] == "less":
                data = data[:fault[1]]
            self.send_header("Content-Range", f"bytes {shown}-{begin + len(data) - 1}/{len(how.data)}")
        else:
            self.send_response(200)
        if how.etag:
            self.send_header("ETag", how.etag)
        if how.chunked or fault[0] == "more":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.chunks(data, fault)
            return
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if fault[0] in ("break", "stall", "change"):
            self.wfile.write(data[:fault[1]])
            self.wfile.flush()
            self.close_connection = True
            if fault[0] == "change":
                how.etag = '"other"'
            if fault[0] == "stall":
                time.sleep(12)
            return
        self.wfile.write(data)

    def chunks(self, data, fault):
        try:
            for at in range(0, len(data), 4096):
                piece = data[at:at + 4096]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            while fault[0] == "more":
                self.wfile.write(b"1000\r\n" + bytes(4096) + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True


class Server:
    """faults: of the next requests, one each; always: of all after them."""

    def __init__(self, data, certificate=None):
        self.data, self.ranges, self.etag, self.token, self.chunked = data, True, '"a\\b"', None, False
        self.faults, self.always, self.asked, self.clients = [], None, [], set()
        self.lock = threading.Lock()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.how, self.scheme = self, "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
            self.scheme = "https"
        self.http.handle_error = lambda *_: None     # a curl that was ended does not read on
        threading.Thread(target=self.http.serve_forever, args=[0.05], daemon=True).start()

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.http.server_port}/2.bundle"

    def ranges_asked(self):
        return [lines.get("range") for lines in self.asked]

    def close(self):
        self.http.shutdown()
        self.http.server_close()

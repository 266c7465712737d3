"""A fake of a provider's batch interface, for `helpers.loopback.Server`."""

import json
import re

from helpers.loopback import Response, completion, failure

OK = '{"entities": [{"text": "Ada", "label": "PER"}]}'


class Provider:
    """Files and batches as OpenAI has them. `end` lets all batches end."""

    def __init__(self):
        self.files, self.batches, self.done = {}, {}, set()
        self.answer = lambda line: completion(OK).body
        self.fault = lambda call: None

    def __call__(self, call):
        return self.fault(call) or self.serve(call)

    def serve(self, call):
        path = call.path.split("?")[0].removeprefix("/v1")
        if (call.method, path) == ("POST", "/files"):
            name = f"file-{len(self.files)}"
            self.files[name] = re.search(rb"\r\n\r\n(\{.*?\n)\r?\n?--", call.data, re.DOTALL)[1].decode()
            return Response({"id": name, "object": "file", "purpose": "batch"})
        if (call.method, path) == ("POST", "/batches"):
            batch = {
                "id": f"batch-{len(self.batches)}",
                "object": "batch",
                "status": "in_progress",
                **call.body,
            }
            self.batches[batch["id"]] = batch
            return Response(batch)
        if path == "/batches":
            return Response({"object": "list", "data": list(self.batches.values()), "has_more": False})
        if path.startswith("/batches/"):
            batch = self.batches.get(path.split("/")[2])
            return Response(batch) if batch else failure(404, "no such batch")
        return Response(self.files[path.split("/")[2]])

    def lines(self, batch):
        return [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]

    def keys(self):
        return [line["custom_id"] for batch in self.batches.values() for line in self.lines(batch)]

    def end(self, status="completed"):
        for batch in self.batches.values():
            if batch["status"] == "in_progress":
                results = [self.result(line) for line in self.lines(batch)]
                name = f"file-{len(self.files)}"
                self.files[name] = "".join(json.dumps(result) + "\n" for result in results if result)
                batch.update(status=status, output_file_id=name)

    def result(self, line):
        body = self.answer(line)
        if body is None or "custom_id" in body:
            return body
        response = {"status_code": 200, "request_id": "r", "body": body}
        return {"id": "x", "custom_id": line["custom_id"], "response": response, "error": None}

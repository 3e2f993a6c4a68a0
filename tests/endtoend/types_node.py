"""What node's own blocks are, in node 20, 22 and 24: objects by their classes, data by the functions that asked for it. Counted
by a script that keeps so many of each."""
import sys

from harness import TMP, lost_nothing, node_environment, record, report

(TMP / "kinds.js").write_text("""
const kept = globalThis.kept = [];
const zlib = require('zlib'), dgram = require('dgram'), tls = require('tls'), crypto = require('crypto'), vm = require('vm');
const { parsers } = require('_http_common');
function many(count, make) { for (let i = 0; i < count; i++) kept.push(make(i)); }
many(2000, () => Buffer.alloc(20000, 1));
many(300, () => Buffer.allocUnsafe(50000));
many(300, () => new Float64Array(1000));
const text = Buffer.alloc(1200000, 97);
many(30, () => text.toString('latin1'));
many(50, () => { const stream = zlib.createGzip(); stream.write('x'); return stream; });
many(60, () => dgram.createSocket('udp4'));
many(30, () => tls.createSecureContext({}));
many(70, () => crypto.createHash('sha256'));
many(40, (i) => new vm.Script('1+' + i));
many(45, () => { const parser = parsers.alloc(); parser.initialize(1, {}); return parser; });
process.exit(0);
""")
CLASSES = {"ZlibStream": 50, "UDPWrap": 60, "SecureContext": 30, "crypto::Hash": 70, "ContextifyScript": 40, "::Parser": 45}


def kept(data, domain, word, whole=False):
    return [row for row in data["leaks"]["by_site"] if row["domain"] == domain and row["type"] and
            (row["type"] == word if whole else row["type"].endswith(word))]


for major in (20, 22, 24):
    out = TMP / f"out{major}"
    done = record(["node", "--no-deprecation", "kinds.js"], out, node_environment(major), TMP)
    assert (done.status, done.err) == (0, b""), done
    data = report(out)
    lost_nothing(data)
    for word, count in CLASSES.items():
        if word == "ContextifyScript" and major == 24: # of a heap of its own
            continue
        rows = kept(data, "heap", word)
        assert sum(row["blocks"] for row in rows) == count, f"node {major}: {word} {count}: {rows}"
        assert all(row["type_evidence"].startswith("vtable") for row in rows), f"node {major}: {rows}"
    stores = kept(data, "heap", "ArrayBuffer backing store", True)
    assert all(row["type_evidence"].startswith("node") for row in stores), stores
    # By size: besides these there are node's own.
    of_size = {size: sum(row["blocks"] for row in stores if row["bytes"] == row["blocks"] * size) for size in (20000, 50000)}
    assert of_size == {20000: 2000, 50000: 300}, f"node {major}: {of_size}"
    assert sum(row["blocks"] for row in stores) >= 2600, f"node {major}: {stores}"
    strings = kept(data, "heap", "external string", True)
    assert sum(row["bytes"] for row in strings if row["bytes"] >= 1200000) == 30 * 1200000, f"node {major}: {strings}"
    assert sum(row["blocks"] for row in kept(data, "heap", "zlib state", True)) >= 250
    assert kept(data, "heap", "TLS context (OpenSSL)", True) and kept(data, "map", "V8 heap pages", True), f"node {major}"
    heap = [row for row in data["leaks"]["by_site"] if row["domain"] == "heap"]
    typed = sum(row["bytes"] for row in heap if row["type"]) / sum(row["bytes"] for row in heap)
    assert typed > 0.95, f"node {major}: of {typed:.3f} of the bytes there is a type"
    assert not [row for row in heap if row["type"] == "v8::internal::Malloced"], f"node {major}"
    print(f"node {major}: {typed:.4f} of the bytes have a type", file=sys.stderr)

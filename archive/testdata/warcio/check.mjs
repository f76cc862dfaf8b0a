// Reads a WARC file with warcio.js and prints one line per record:
// offset, length, type, id, URL, HTTP status, SHA-256 of the payload as stored.
// It also compares block and payload digests, and fails if one is wrong.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { WARCParser } from "warcio";

const sha256 = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return "sha256:" + hash.digest("hex");
};
const bare = (id) => (id ?? "").replace(/^<|>$/g, "");

// One pass as blocks, one as HTTP messages: warcio takes the head off.
async function records(parseHttp, each) {
  const parser = new WARCParser(createReadStream(process.argv[2]), { keepHeadersCase: true, parseHttp });
  for await (const record of parser) {
    const payload = await record.readFully(false);
    await record.skipFully();
    await each(record, payload, parser);
  }
}

const fail = (record, what) => {
  console.error(`${bare(record.warcHeader("WARC-Record-ID"))}: ${what}`);
  process.exitCode = 1;
};

await records(false, (record, block) => {
  if (record.warcBlockDigest !== sha256(block)) fail(record, "wrong block digest");
});

const lines = [];
await records(true, (record, payload, parser) => {
  if (record.warcType === "response" && record.warcPayloadDigest !== sha256(payload)) {
    fail(record, "wrong payload digest");
  }
  const status = record.warcType === "response" || record.warcType === "revisit" ? record.httpHeaders.statusCode : "";
  lines.push([parser.offset, parser.recordLength, record.warcType, bare(record.warcHeader("WARC-Record-ID")),
    record.warcTargetURI ?? "", status, sha256(payload)].join(" "));
});
console.log(lines.join("\n"));

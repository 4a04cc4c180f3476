// SPDX-License-Identifier: Apache-2.0
// Uploads a file with tus-js-client: node tus_client.js MODULES URL TOKEN FILE SHA256 STORAGE CHUNK
// Prints one JSON object a line: {"resumed": n}, {"accepted": n}, {"done": url}, {"failed": why}.
"use strict";

const fs = require("fs");

const [modules, endpoint, token, file, sha256, storage, chunk] = process.argv.slice(2);
const tus = require(`${modules}/node_modules/tus-js-client`);

function say(what) {
  fs.writeSync(1, `${JSON.stringify(what)}\n`);
}

const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint,
  headers: { Authorization: `Bearer ${token}` },
  metadata: { sha256, filename: "model.onnx" },
  uploadSize: fs.statSync(file).size,
  chunkSize: Number(chunk),
  retryDelays: [0, 100, 200, 500, 1000, 1000, 2000, 2000, 5000, 5000],
  urlStorage: new tus.FileUrlStorage(storage),
  fingerprint: () => Promise.resolve(`modelferry-${sha256}`),
  storeFingerprintForResuming: true,
  onChunkComplete: (size, accepted) => say({ accepted }),
  onSuccess: () => say({ done: upload.url }),
  onError: (error) => {
    say({ failed: String(error) });
    process.exitCode = 1;
  },
});

upload.findPreviousUploads().then((previous) => {
  if (previous.length > 0) {
    upload.resumeFromPreviousUpload(previous[0]);
    say({ resumed: previous.length });
  }
  upload.start();
});

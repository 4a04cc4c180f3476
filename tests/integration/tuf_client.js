// SPDX-License-Identifier: Apache-2.0
// Downloads targets with tuf-js: node tuf_client.js MODULES METADATA_DIR BASE_URL TARGET_DIR NAME...
// METADATA_DIR holds the first root.json. Prints one JSON object: {"files": [...]} or
// {"failed": why}, and exits with 1 on the latter.
"use strict";

const path = require("path");

const [modules, metadataDir, base, targetDir, ...names] = process.argv.slice(2);
const { Updater } = require(`${modules}/node_modules/tuf-js`);

async function run() {
  const updater = new Updater({
    metadataDir,
    metadataBaseUrl: `${base}/metadata`,
    targetDir,
    targetBaseUrl: `${base}/targets`,
  });
  const files = [];

  await updater.refresh();
  for (const name of names) {
    const target = await updater.getTargetInfo(name);
    if (!target) throw new Error(`no role lists ${name}`);
    files.push(await updater.downloadTarget(target, path.join(targetDir, path.basename(name))));
  }
  return files;
}

run().then(
  (files) => console.log(JSON.stringify({ files })),
  (error) => {
    console.log(JSON.stringify({ failed: String(error) }));
    process.exitCode = 1;
  },
);

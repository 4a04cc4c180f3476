// SPDX-License-Identifier: Apache-2.0
// gguf_reader.mjs PACKAGE_DIRECTORY FILE...: what npm's @huggingface/gguf reads, a line of JSON a file;
// before that a line of what it calls the types of tensors.

import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [modules, ...files] = process.argv.slice(2);
const entry = createRequire(path.join(modules, "x.js")).resolve("@huggingface/gguf");
const { gguf, GGMLQuantizationType } = await import(pathToFileURL(entry));
const plain = (_, value) => (typeof value === "bigint" ? Number(value) : value);

console.log(JSON.stringify(GGMLQuantizationType));
for (const file of files) {
    try {
        const read = await gguf(file, { allowLocalFile: true, computeParametersCount: true });
        console.log(JSON.stringify(read, plain));
    } catch (error) {
        console.log(JSON.stringify({ failed: String(error.message) }));
    }
}

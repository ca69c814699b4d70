// Makes the shapes of one IFC file with web-ifc and prints what it took, for `benchmarks/bim.py`.
//
//     node web_ifc.mjs FOLDER_WITH_NODE_MODULES FILE
//
// Every mesh is read out with its corners, indices, colour and place, as a viewer needs them.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";

const [, , install, file] = process.argv;
const require = createRequire(join(install, "package.json"));
const { IfcAPI } = require("web-ifc");
const api = new IfcAPI();
await api.Init();
const start = performance.now();
const model = api.OpenModel(new Uint8Array(readFileSync(file)));
const opened = performance.now();
let elements = 0, triangles = 0, bytes = 0;
api.StreamAllMeshes(model, (mesh) => {
  elements += 1;
  for (let i = 0; i < mesh.geometries.size(); i++) {
    const placed = mesh.geometries.get(i);
    const geometry = api.GetGeometry(model, placed.geometryExpressID);
    const corners = api.GetVertexArray(geometry.GetVertexData(), geometry.GetVertexDataSize());
    const index = api.GetIndexArray(geometry.GetIndexData(), geometry.GetIndexDataSize());
    triangles += index.length / 3;
    bytes += corners.byteLength + index.byteLength + placed.flatTransformation.length * 8;
    geometry.delete();
  }
});
const done = performance.now();
console.log(JSON.stringify({ open_s: (opened - start) / 1000, meshes_s: (done - opened) / 1000, elements, triangles, bytes }));

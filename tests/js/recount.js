// Runs the page's own counting and statistics on what Python packed: JSON in, JSON out.
"use strict";
const fs = require("node:fs");
for (const name of ["read", "projection", "drawing", "cube", "statistics"]) {
  require(`../../maps/static/${name}.js`);
}
const lb = globalThis.lagesbild;

const plain = (x, y, out, at) => {
  out[at] = x;
  out[at + 1] = y;
};
const list = (values) => values && Array.from(values);
const lists = (one) =>
  Object.fromEntries(
    Object.entries(one).map(([key, value]) => [key, ArrayBuffer.isView(value) ? list(value) : value]),
  );

const given = JSON.parse(fs.readFileSync(0, "utf8"));
const answer = {};
if (given.content) {
  const bytes = Uint8Array.from(Buffer.from(given.streams, "base64"));
  const { cells: packed, cube: content } = given.content;
  const cells =
    packed.kind === "drawn"
      ? { kind: "drawn", shapes: lb.unpackShapes(bytes, packed.shapes, plain) }
      : lb.lattice(bytes, packed, plain);
  const cube = lb.unpackCube(bytes, content, given.cells);
  answer.cube = lists(cube);
  const stats = lb.unpackStatistics(bytes, content.statistics, cells);
  answer.stats = { share: list(stats.share), area: list(stats.area), x: list(stats.x), y: list(stats.y) };
  answer.filters = (given.filters ?? []).map((asked) => {
    const mask = lb.maskOf({ ...asked, off: new Set(asked.off) }, cube);
    const counts = lb.count(cube, mask);
    const claimed = lb.claims(counts.n, counts.weight, stats);
    return {
      counts: lists(counts),
      in: given.some && lists(lb.countIn(cube, mask, given.some)),
      claims: lists(claimed),
      groups: lb.groups(claimed.hot, counts.n, stats).map(list),
      density: stats.kde && list(lb.density(counts.weight, stats)),
    };
  });
  answer.outlines = (given.outlines ?? []).map((some) => lists(lb.outlineOf(cells, some, plain)));
}
answer.blocks = (given.weeks ?? []).map((week) => lb.busiestBlock(week));
answer.trends = (given.pairs ?? []).map(([now, then]) => lb.compareTwo(now, then));
process.stdout.write(JSON.stringify(answer));

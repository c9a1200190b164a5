// Runs feather_arena.wasm (and, where it was built, the C core linked with the object) under Node.
// node wasm/test.mjs FOLDER: exits with 0 when all is well.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
const bytes = (name) => readFileSync(join(folder, name));
const PAGE = 65536;
const unsigned = (n) => n >>> 0;

const own = () => {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes('feather_arena.wasm')));
  return arenaOf(exports, exports.memory);
};
const importing = (initial, maximum) => {
  const memory = new WebAssembly.Memory({ initial, maximum });
  const module = new WebAssembly.Module(bytes('feather_arena_import.wasm'));
  return arenaOf(new WebAssembly.Instance(module, { env: { memory } }).exports, memory);
};
const arenaOf = (wasm, memory) => ({
  wasm,
  memory,
  alloc: (size) => unsigned(wasm.feather_arena_alloc(size)),
  save: wasm.feather_arena_save,
  rewind: wasm.feather_arena_rewind,
  reset: wasm.feather_arena_reset,
  used: () => unsigned(wasm.feather_arena_used()),
  capacity: () => unsigned(wasm.feather_arena_capacity()),
  fill: (at, size, byte) => new Uint8Array(memory.buffer, at, size).fill(byte),
  holds: (at, size, byte) => new Uint8Array(memory.buffer, at, size).every((b) => b === byte),
});

const tests = {
  theExportsAreWhatTheHeaderDeclares() {
    const names = Object.keys(own().wasm).filter((name) => !name.startsWith('_') && name !== 'memory');
    const declared = readFileSync(new URL('feather_arena.h', import.meta.url), 'utf8')
      .match(/\b(feather_arena_\w+|alloc|free)(?=\([\w ]+\*?\w*\);)/g);
    assert.deepEqual(names.sort(), [...new Set(declared)].sort());
  },

  nothingBeforeTheFirstAllocation() {
    const it = own();
    it.reset();
    assert.deepEqual([it.used(), it.capacity(), it.rewind(1n)], [0, 0, 0]);
  },

  bytesAreAlignedApartAndKept() {
    const it = own();
    const blocks = [];
    for (let i = 0; i < 5000; i++) {
      const size = (i * 7919) % (i % 50 ? 130 : 9000);
      const at = it.wasm.alloc(size);
      assert(at !== 0 && at % 16 === 0);
      it.fill(at, size, i);
      blocks.push([at, size, i & 255]);
      it.wasm.free(at);
    }
    for (const [at, size, byte] of blocks) assert(it.holds(at, size, byte));
    const addresses = new Set(blocks.map(([at]) => at));
    assert.equal(addresses.size, blocks.length);
    it.reset();
    assert.equal(it.used(), 0);
  },

  aHundredThousandEvalsInAFlatMemory() {
    const it = own();
    const evaluate = (depth) => {
      const mark = it.save();
      const script = it.wasm.alloc(1000);
      it.fill(script, 1000, depth);
      for (let i = 0; i < 20; i++) assert(it.alloc(16 + i * 8) !== 0);
      if (depth) evaluate(depth - 1);
      assert(it.holds(script, 1000, depth));
      assert.equal(it.rewind(mark), 1);
    };
    let flat;
    for (let i = 0; i < 100_000; i++) {
      evaluate(i % 3);
      if (i === 10) flat = [it.memory.buffer.byteLength, it.capacity()];
    }
    assert.deepEqual([it.memory.buffer.byteLength, it.capacity()], flat);
    assert.equal(it.used(), 0);
  },

  aResetInTheMiddleTakesNothingFromAnOpenEval() {
    const it = own();
    const outer = it.save();
    const kept = it.alloc(100);
    it.fill(kept, 100, 7);
    // Another interpreter's eval, of a core that only knows the reset.
    const other = it.alloc(100);
    it.fill(other, 100, 8);
    it.reset();
    const next = it.alloc(100);
    it.fill(next, 100, 9);
    assert(it.holds(kept, 100, 7));
    assert(next > kept);
    // And of one that saves.
    const inner = it.save();
    it.fill(it.alloc(5000), 5000, 1);
    assert.equal(it.rewind(inner), 1);
    it.reset();
    assert(it.holds(kept, 100, 7) && it.holds(next, 100, 9));
    assert.equal(it.rewind(outer), 1);
    assert.equal(it.used(), 0);
    it.alloc(10);
    it.reset();
    assert.equal(it.used(), 0);
  },

  marksThatAreOverOrNeverWere() {
    const it = own();
    const outer = it.save();
    const inner = it.save();
    assert(outer !== 0n && inner !== 0n && inner !== outer);
    const used = it.used();
    for (const forged of [0n, inner + 1n, -1n, 1n << 40n]) assert.equal(it.rewind(forged), 0);
    assert.equal(it.used(), used);
    // An eval that trapped never rewound: the one around it does.
    it.save();
    assert.equal(it.rewind(outer), 1);
    for (const over of [outer, inner]) assert.equal(it.rewind(over), 0);
    const again = it.save();
    it.alloc(10);
    for (const over of [outer, inner]) assert.equal(it.rewind(over), 0);
    assert.equal(it.rewind(again), 1);
    assert.equal(it.rewind(again), 0);
    // Deep, and across new pages.
    const marks = Array.from({ length: 2000 }, (_, i) => [it.used(), it.save(), it.alloc(i)]);
    for (const [before, mark] of marks.reverse()) {
      assert.equal(it.rewind(mark), 1);
      assert.equal(it.used(), before);
    }
  },

  outOfMemoryIsZeroAndNothingIsLost() {
    const it = importing(17, 40);
    const mark = it.save();
    const kept = it.alloc(1000);
    it.fill(kept, 1000, 5);
    let count = 0;
    while (it.alloc(4096) !== 0) count++;
    assert(count > 300, `${count} pages`);
    assert.equal(it.memory.buffer.byteLength, 40 * PAGE);
    const used = it.used();
    for (const size of [PAGE * 40, 2 ** 31, 2 ** 32 - 2 ** 22, 2 ** 32 - 16, 2 ** 32 - 15, 2 ** 32 - 1])
      assert.equal(it.alloc(size), 0);
    while (it.alloc(1) !== 0);
    while (it.save() !== 0n);
    assert.equal(it.alloc(0), 0);
    assert(it.used() >= used && it.holds(kept, 1000, 5));
    assert.equal(it.rewind(mark), 1);
    assert.equal(it.used(), 0);
    let again = 0;
    while (it.alloc(4096) !== 0) again++;
    assert(again >= count);
  },

  sizesNearTheEndOfTheAddresses() {
    const it = own();
    assert(it.alloc(100) !== 0);
    const sizes = Array.from({ length: 300 }, (_, i) => 2 ** 32 - 1 - i * 65521);
    for (const size of [...sizes, 2 ** 32 - 15, 2 ** 32 - 16, 2 ** 32 - 17]) {
      const mark = it.save();
      const at = it.alloc(size);
      // An engine may really have that much.
      assert(at === 0 || at + size <= it.memory.buffer.byteLength);
      assert(at === 0 || size < 2 ** 32 - 2 ** 21);
      assert.equal(it.rewind(mark), 1);
    }
    assert.equal(it.used(), 112);
  },

  fourGibibytes() {
    const it = own();
    const mark = it.save();
    let blocks = 0;
    for (let size = 2 ** 29; size >= 16; size /= 2) while (it.alloc(size) !== 0) blocks++;
    // What an engine gives is its own business; what it gave is used to the end.
    assert(it.used() > it.memory.buffer.byteLength - 2 ** 23, `${it.used()} of ${it.memory.buffer.byteLength}`);
    assert(blocks > 0 && it.alloc(0) === 0);
    assert.equal(it.rewind(mark), 1);
    assert(it.alloc(2 ** 29) !== 0);
  },

  pagesOfOthersAreLeftAlone() {
    const it = importing(17, 1000);
    const round = () => {
      const mark = it.save();
      const blocks = Array.from({ length: 40 }, (_, i) => [it.alloc(30_000), i]);
      for (const [at, i] of blocks) it.fill(at, 30_000, i);
      for (const [at, i] of blocks) assert(at !== 0 && it.holds(at, 30_000, i));
      it.rewind(mark);
    };
    it.alloc(200_000);
    const theirs = [];
    for (let grown = 0; grown < 3; grown++) {
      theirs.push(it.memory.grow(3) * PAGE);
      for (const at of theirs) it.fill(at, 3 * PAGE, 77);
      round();
      const flat = it.memory.buffer.byteLength;
      for (let i = 0; i < 100; i++) round();
      assert.equal(it.memory.buffer.byteLength, flat);
      for (const at of theirs) assert(it.holds(at, 3 * PAGE, 77));
    }
  },

  aCoreInCEvaluatesInEvals() {
    if (!existsSync(join(folder, 'core.wasm'))) return 'not built: no clang';
    let it;
    const run = (text, depth) => {
      const mark = it.save();
      const script = it.wasm.alloc(text.length);
      new Uint8Array(it.memory.buffer, script, text.length).set(Buffer.from(text));
      const result = it.wasm.eval(script, text.length, depth);
      it.rewind(mark);
      return result;
    };
    const command = (depth) => {
      // Another interpreter of the same module, which ends with a reset.
      if (depth > 0 && run('a nested eval', depth - 1) !== 11) return 1;
      it.reset();
      return 0;
    };
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes('core.wasm')), { host: { command } });
    it = arenaOf(exports, exports.memory);
    let flat;
    for (let i = 0; i < 100_000; i++) {
      assert.equal(run('set x [lindex $words 3]', i % 4), 19);
      if (i === 10) flat = [it.memory.buffer.byteLength, it.capacity()];
    }
    assert.deepEqual([it.memory.buffer.byteLength, it.capacity()], flat);
    assert.equal(it.used(), 0);
  },
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    const note = test();
    console.log(`ok       ${name}${note ? ` (${note})` : ''}`);
  } catch (error) {
    failed++;
    console.log(`FAILED   ${name}\n${error.stack}`);
  }
}
process.exit(failed ? 1 : 0);

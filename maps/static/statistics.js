// Tests hotspots anew in the page, as geo/hotspots/gi_star.py does: the same steps, the same order.
"use strict";
globalThis.lagesbild ??= {};
{
  const { floats, mostly, small } = globalThis.lagesbild;
  const ROOT3 = Math.sqrt(3);
  const ROUNDING = 1e-12;
  const FORGIVEN = 1e-9;
  const SOME = 1000;

  // --- sums ------------------------------------------------------------------------------------

  /** Adds up as NumPy does, in pairs of halves, so that the last digits are the same. */
  function sumOf(x, from = 0, to = x.length) {
    const n = to - from;
    if (n < 8) {
      let total = 0;
      for (let i = from; i < to; i += 1) total += x[i];
      return total;
    }
    if (n <= 128) {
      let [a, b, c, d, e, f, g, h] = x.subarray(from, from + 8);
      const whole = from + n - (n % 8);
      let i = from + 8;
      for (; i < whole; i += 8) {
        a += x[i];
        b += x[i + 1];
        c += x[i + 2];
        d += x[i + 3];
        e += x[i + 4];
        f += x[i + 5];
        g += x[i + 6];
        h += x[i + 7];
      }
      let total = a + b + (c + d) + (e + f + (g + h));
      for (; i < to; i += 1) total += x[i];
      return total;
    }
    let half = n >> 1;
    half -= half % 8;
    return sumOf(x, from, from + half) + sumOf(x, from + half, to);
  }

  const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);

  /** Sums over lattice cells and those within reach: runs are added for all rows that use them. */
  function latticeNeighbours({ column, row }, reach) {
    const cells = column.length;
    const [west, south] = [least(column), least(row)];
    const [wide, high] = [most(column) - west + 1, most(row) - south + 1];
    const steps = reach
      .filter(([up]) => Math.abs(up) < high)
      .map(([up, first, last]) => [up, Math.max(first, 1 - wide), Math.min(last, wide - 1)])
      .filter(([, first, last]) => first <= last);
    const above = most(steps.map(([up]) => Math.abs(up)));
    const margin = most(steps.map(([, first, last]) => Math.max(Math.abs(first), Math.abs(last))));
    const pitch = wide + margin;
    const start = above * pitch + margin;
    const inner = high * pitch;
    const length = inner + 2 * start;
    const runs = steps.map(([up, first, last]) => [up * pitch + first, last - first + 1]);
    const longest = most(runs.map(([, many]) => many));
    const at = Int32Array.from(column, (one, i) => (row[i] - south) * pitch + one - west);
    const [raster, run] = [new Float64Array(length), new Float64Array(length)];
    const total = new Float64Array(inner);
    let position = null;

    function sums(x) {
      for (let i = 0; i < cells; i += 1) raster[start + at[i]] = x[i];
      run.set(raster);
      total.fill(0);
      for (let many = 1; many <= longest; many += 1) {
        for (const [shift, needed] of runs) {
          if (needed !== many) continue;
          const from = start + shift;
          for (let i = 0; i < inner; i += 1) total[i] += run[from + i];
        }
        if (many === longest) break;
        for (let i = 0; i < length - many; i += 1) run[i] += raster[i + many];
      }
      const out = new Float64Array(cells);
      for (let i = 0; i < cells; i += 1) out[i] = total[at[i]];
      return out;
    }

    /** Calls visit with every cell within reach, the cell itself included. */
    function each(cell, visit) {
      if (!position) {
        position = new Int32Array(length).fill(-1);
        for (let i = 0; i < cells; i += 1) position[start + at[i]] = i;
      }
      for (const [shift, many] of runs) {
        const from = start + at[cell] + shift;
        for (let i = from; i < from + many; i += 1) if (position[i] >= 0) visit(position[i]);
      }
    }
    return { sums, each };
  }

  /** Sums over cells and those that they are paired with. */
  function pairNeighbours(bytes, packed) {
    const counts = small(bytes, packed.count);
    const step = small(bytes, packed.step);
    const cells = counts.length;
    const second = new Int32Array(step.length);
    const from = new Int32Array(cells + 1);
    const beside = Array.from({ length: cells }, (_, i) => [i]);
    for (let cell = 0, k = 0; cell < cells; cell += 1) {
      let last = cell;
      for (const end = k + counts[cell]; k < end; k += 1) {
        last += step[k] + 1;
        second[k] = last;
        beside[cell].push(last);
        beside[last].push(cell);
      }
      from[cell + 1] = k;
    }
    function sums(x) {
      const ahead = new Float64Array(cells);
      const behind = new Float64Array(cells);
      for (let cell = 0; cell < cells; cell += 1) {
        for (let k = from[cell]; k < from[cell + 1]; k += 1) {
          ahead[cell] += x[second[k]];
          behind[second[k]] += x[cell];
        }
      }
      return behind.map((sum, i) => x[i] + ahead[i] + sum);
    }
    return { sums, each: (cell, visit) => beside[cell].forEach(visit) };
  }

  /** Centres of the cells in metres, as geo/grid.py has them. */
  function centresOf(bytes, packed, { kind, column, row, size }) {
    if (packed) return { x: floats(bytes, packed.x), y: floats(bytes, packed.y) };
    if (kind === "square") {
      return { x: column.map((c) => (c + 0.5) * size), y: row.map((r) => (r + 0.5) * size) };
    }
    const step = (size * ROOT3) / 2;
    return { x: column.map((c, i) => (c + row[i] / 2) * size), y: row.map((r) => r * step) };
  }

  /** What the page needs to test cells: share, area (m²), centres, neighbours, and thresholds. */
  function unpackStatistics(bytes, packed, cells) {
    const around = (one) =>
      one.reach ? latticeNeighbours(cells, one.reach) : pairNeighbours(bytes, one);
    const share = mostly(bytes, packed.share);
    const beside = around(packed.beside);
    const neighbours = packed.neighbours ? around(packed.neighbours) : beside;
    const shares = distinct(neighbours.sums(share));
    return {
      ...packed,
      cells: share.length,
      lattice: packed.centres ? null : cells,
      share,
      shares,
      area: mostly(bytes, packed.area),
      ...centresOf(bytes, packed.centres, cells),
      beside,
      neighbours,
      sizes: neighbours.sums(new Float64Array(share.length).fill(1)),
    };
  }

  // --- p and q ---------------------------------------------------------------------------------

  /** The different values, how often each comes, and which one each position has. */
  function distinct(values) {
    let room = 1024;
    while (room < 2 * values.length) room *= 2;
    const slots = new Int32Array(room).fill(-1);
    const bits = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
    const of = new Int32Array(values.length);
    const found = new Float64Array(values.length);
    const counts = new Int32Array(values.length);
    let many = 0;
    for (let i = 0; i < values.length; i += 1) {
      const mixed = Math.imul(bits[2 * i] ^ Math.imul(bits[2 * i + 1], 0x9e3779b1), 0x85ebca6b);
      let slot = (mixed ^ (mixed >>> 15)) & (room - 1);
      while (slots[slot] >= 0 && found[slots[slot]] !== values[i]) slot = (slot + 1) & (room - 1);
      if (slots[slot] < 0) {
        slots[slot] = many;
        found[many] = values[i];
        many += 1;
      }
      of[i] = slots[slot];
      counts[of[i]] += 1;
    }
    return { values: found.slice(0, many), counts: counts.slice(0, many), of };
  }

  const SMALL_ABOVE = [
    1.85777706184603153e-1, 3.1611237438705656, 1.13864154151050156e2, 3.77485237685302021e2,
    3.20937758913846947e3,
  ];
  const SMALL_BELOW = [
    1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3,
  ];
  const MIDDLE_ABOVE = [
    2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
    2.98635138197400131e2, 8.8195222124176909e2, 1.71204761263407058e3, 2.05107837782607147e3,
    1.23033935479799725e3,
  ];
  const MIDDLE_BELOW = [
    1, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
    3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
  ];
  const LARGE_ABOVE = [
    1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
    1.60837851487422766e-2, 6.58749161529837803e-4,
  ];
  const LARGE_BELOW = [
    1, 2.56852019228982242, 1.87295284992346047, 5.27905102951428412e-1, 6.05183413124413191e-2,
    2.33520497626869185e-3,
  ];
  const polynomial = (terms, x) => terms.reduce((total, term) => total * x + term, 0);
  const fraction = (above, below, x) => polynomial(above, x) / polynomial(below, x);

  /** The complementary error function from 0 up: Cody (1969), see geo/significance.py. */
  function erfc(x) {
    if (x <= 0.46875) return 1 - x * fraction(SMALL_ABOVE, SMALL_BELOW, x * x);
    const far = Math.min(x, 28);
    let scaled = fraction(MIDDLE_ABOVE, MIDDLE_BELOW, far);
    if (far > 4) {
      const square = far ** -2;
      scaled = (Math.PI ** -0.5 - square * fraction(LARGE_ABOVE, LARGE_BELOW, square)) / far;
    }
    // exp(-x^2) in two parts: rounding x^2 itself would cost up to three digits.
    const whole = Math.floor(far * 16) / 16;
    return scaled * Math.exp((whole - far) * (whole + far)) * Math.exp(-(whole ** 2));
  }

  /** The two-sided normal p-value of z. */
  const twoSidedP = (z) => erfc(Math.abs(z) * Math.SQRT1_2);

  /** The position of the first of the sorted values that is not below one. */
  function rankOf(sorted, value) {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** p adjusted for false discovery, "bh" or "by"; each p comes counts[i] times. */
  function adjust(p, counts, correction) {
    const tests = sumOf(Float64Array.from(counts));
    const sorted = Float64Array.from(p).sort();
    const rank = Int32Array.from(p, (one) => rankOf(sorted, one));
    const upTo = new Float64Array(p.length);
    rank.forEach((at, i) => {
      upTo[at] += counts[i];
    });
    for (let i = 1; i < upTo.length; i += 1) upTo[i] += upTo[i - 1];
    const q = new Float64Array(p.length);
    let lowest = 1;
    for (let i = p.length - 1; i >= 0; i -= 1) {
      lowest = Math.min(lowest, (sorted[i] * tests) / upTo[i]);
      q[i] = lowest;
    }
    const dearer = correction === "by" ? harmonic(tests) : 1;
    return Float64Array.from(rank, (at) => Math.min(q[at] * dearer, 1));
  }

  const harmonic = (n) => sumOf(Float64Array.from({ length: n }, (_, i) => 1 / (i + 1)));

  const LANCZOS_ABOVE = [
    23531376880.41076, 42919803642.6491, 35711959237.35567, 17921034426.037210,
    6039542586.352028, 1439720407.3117216, 248874557.86205417, 31426415.585400194,
    2876370.6289353725, 186056.26539522350, 8071.6720023658162, 210.82427775157935,
    2.5066282746310003,
  ];
  const LANCZOS_BELOW = [
    0, 39916800, 120543840, 150917976, 105258076, 45995730, 13339535, 2637558, 357423, 32670, 1925,
    66, 1,
  ];
  const LANCZOS_G = 6.02468004077673;

  /** log(n!), by Lanczos as Python's math.lgamma, so that large totals differ in no digit. */
  function logFactorial(n) {
    if (n <= 1) return 0;
    const x = n + 1;
    let [above, below] = [0, 0];
    if (x < 5) {
      for (let i = 12; i >= 0; i -= 1) {
        above = above * x + LANCZOS_ABOVE[i];
        below = below * x + LANCZOS_BELOW[i];
      }
    } else {
      for (let i = 0; i <= 12; i += 1) {
        above = above / x + LANCZOS_ABOVE[i];
        below = below / x + LANCZOS_BELOW[i];
      }
    }
    return Math.log(above / below) - LANCZOS_G + (x - 0.5) * (Math.log(x + LANCZOS_G - 0.5) - 1);
  }

  const remembered = new Map();
  function logFactorialOf(n) {
    let value = remembered.get(n);
    if (value === undefined) {
      value = logFactorial(n);
      remembered.set(n, value);
    }
    return value;
  }

  /** Chance of a binomial count at least as far from its mean as k, on k's side of it. */
  function tail(k, total, share) {
    const upwards = k >= total * share;
    const steps = upwards ? total - k : k;
    const other = total - steps;
    const [logIn, logOut] = [Math.log(share), Math.log1p(-share)];
    let logTerm = logFactorialOf(total) - logFactorialOf(k) - logFactorialOf(total - k);
    logTerm += k > 0 ? k * logIn : 0;
    logTerm += k < total ? (total - k) * logOut : 0;
    const odds = Math.exp(upwards ? logIn - logOut : logOut - logIn);
    let [term, sum] = [1, 1];
    for (let done = 0; done < steps; done += 1) {
      term *= ((steps - done) / (other + done + 1)) * odds;
      sum += term;
      if (term <= sum * 1e-17) break;
    }
    return Math.exp(logTerm) * sum;
  }

  /** The exact two-sided p of n of total events falling where this share of the area is. */
  function chanceP(n, total, share) {
    if (!total) return 1;
    const part = Math.min(Math.max(share, 0), 1);
    if (!n) return Math.min(2 * Math.exp(total * Math.log1p(-part)), 1);
    return Math.min(2 * tail(n, total, part), 1);
  }

  // --- claims ----------------------------------------------------------------------------------

  /** Each value less one of them, which is about the mean: large ones alike lose nothing. */
  function shifted(x) {
    const every = Math.floor(x.length / SOME) + 1;
    const mean = sumOf(x) / x.length;
    let near = x[0];
    for (let i = every; i < x.length; i += every) {
      if (Math.abs(x[i] - mean) < Math.abs(near - mean)) near = x[i];
    }
    return near ? x.map((one) => one - near) : x;
  }

  /** Gi* of each cell as a z-value (Ord & Getis 1995, eq. 14). */
  function giStar(values, { neighbours, sizes }) {
    const n = values.length;
    if (n < 2) return new Float64Array(n);
    let largest = 0;
    for (let i = 0; i < n; i += 1) largest = Math.max(largest, Math.abs(values[i]));
    const x = shifted(values);
    const mean = sumOf(x) / n;
    const variance = sumOf(x.map((one) => (one - mean) * (one - mean))) / n;
    if (variance <= (ROUNDING * largest) ** 2) return new Float64Array(n);
    const scale = Float64Array.from({ length: most(sizes) + 1 }, (_, size) => {
      const spread = Math.sqrt((variance / (n - 1)) * (n - size) * size);
      return spread > 0 ? 1 / spread : 0;
    });
    const z = neighbours.sums(x);
    for (let i = 0; i < n; i += 1) z[i] = (z[i] - mean * sizes[i]) * scale[sizes[i]];
    return z;
  }

  /** What is left of the values when their total is shared out: events more than expected. */
  function residuals(x, share) {
    const total = sumOf(x);
    return x.map((one, i) => {
      const expected = total * share[i];
      return Math.abs(one - expected) <= FORGIVEN * expected ? 0 : one - expected;
    });
  }

  /** Splits marked cells into contiguous groups, each as sorted positions, by first cell. */
  function contiguous(mask, beside) {
    const seen = new Uint8Array(mask.length);
    const groups = [];
    for (let first = 0; first < mask.length; first += 1) {
      if (!mask[first] || seen[first]) continue;
      const group = [first];
      seen[first] = 1;
      for (let k = 0; k < group.length; k += 1) {
        beside.each(group[k], (other) => {
          if (!mask[other] || seen[other]) return;
          seen[other] = 1;
          group.push(other);
        });
      }
      groups.push(Int32Array.from(group).sort());
    }
    return groups;
  }

  /** Keeps the marked cells of groups that hold at least so many events themselves. */
  function withEvents(mask, n, { beside, minPlace }) {
    const kept = new Uint8Array(mask.length);
    for (const group of contiguous(mask, beside)) {
      const held = group.reduce((sum, cell) => sum + n[cell], 0);
      if (held >= minPlace) for (const cell of group) kept[cell] = 1;
    }
    return kept;
  }

  /** Why the counts cannot carry a claim, or null: too few events, or too few cells with any. */
  function tooFew(total, occupied, { minEvents, minOccupied }) {
    if (total < minEvents) return { kind: "events", n: total, needed: minEvents };
    if (occupied < minOccupied) return { kind: "cells", n: occupied, needed: minOccupied };
    return null;
  }

  const levelOf = (q) => (q < 0.01 ? 3 : q < 0.05 ? 2 : q < 0.1 ? 1 : 0);

  /**
   * Tests every cell as geo/hotspots/gi_star.py does with analytic p. z, p, q and chanceQ are as
   * the columns there; claimP and worst are p and q of the weaker of the two answers, bin and hot
   * what may be claimed; few says why nothing may be.
   */
  function claims(n, weight, stats) {
    const { cells, shares, neighbours, correction } = stats;
    const summed = stats.values === "weight" ? weight : n;
    const x = stats.exposure ? residuals(summed, stats.share) : summed;
    const z = giStar(x, stats);
    const zs = distinct(z);
    const ps = zs.values.map(twoSidedP);
    const qs = adjust(ps, zs.counts, correction);

    const around = neighbours.sums(n);
    let [total, occupied, widest] = [0, 0, 0];
    for (let i = 0; i < cells; i += 1) {
      total += n[i];
      if (n[i] > 0) occupied += 1;
      if (around[i] > widest) widest = around[i];
    }
    const width = widest + 1;
    const keys = new Float64Array(cells);
    for (let i = 0; i < cells; i += 1) keys[i] = shares.of[i] * width + around[i];
    const asked = distinct(keys);
    const share = asked.values.map((key) => shares.values[Math.floor(key / width)]);
    const byChance = asked.values.map((key, i) => chanceP(key % width, total, share[i]));
    const byChanceQ = adjust(byChance, asked.counts, correction);
    const side = asked.values.map((key, i) => Math.sign((key % width) - total * share[i]));

    const few = tooFew(total, occupied, stats);
    const [p, q, chanceQ, claimP, worst] = Array.from({ length: 5 }, () => new Float64Array(cells));
    const bin = new Int8Array(cells);
    const up = new Uint8Array(cells);
    for (let i = 0; i < cells; i += 1) {
      const [own, pair] = [zs.of[i], asked.of[i]];
      const agree = side[pair] === Math.sign(z[i]);
      p[i] = ps[own];
      q[i] = qs[own];
      chanceQ[i] = agree ? byChanceQ[pair] : 1;
      claimP[i] = agree ? Math.max(p[i], byChance[pair]) : 1;
      worst[i] = Math.max(q[i], chanceQ[i]);
      if (few) continue;
      bin[i] = z[i] < 0 ? -levelOf(worst[i]) : levelOf(worst[i]);
      up[i] = bin[i] > 0 ? 1 : 0;
    }
    const kept = withEvents(up, n, stats);
    const sure = kept.map((one, i) => (one && z[i] > 0 && worst[i] < stats.alpha ? 1 : 0));
    for (let i = 0; i < cells; i += 1) if (up[i] && !(kept[i] && n[i])) bin[i] = 0;
    const hot = withEvents(sure, n, stats);
    return { z, p, q, chanceQ, claimP, worst, bin, hot, enough: !few, few };
  }

  /** The places that hot cells make: of each contiguous group the cells that hold events. */
  function groups(hot, n, { beside }) {
    return contiguous(hot, beside)
      .map((group) => group.filter((cell) => n[cell] > 0))
      .filter((group) => group.length);
  }

  // --- density ---------------------------------------------------------------------------------

  /** The kernel per square kilometre at a squared distance (square metres); geo/kernels.py. */
  function kernelOf({ kernel, bandwidth }) {
    if (kernel === "quartic") {
      const top = 3e6 / (Math.PI * bandwidth ** 2);
      return (d2) => top * Math.max(1 - d2 / bandwidth ** 2, 0) ** 2;
    }
    const scale = 2 * bandwidth ** 2;
    const far = (6 * bandwidth) ** 2;
    return (d2) => (d2 <= far ? (1e6 * Math.exp(-d2 / scale)) / (Math.PI * scale) : 0);
  }

  const reachOf = ({ kernel, bandwidth }) => (kernel === "quartic" ? 1 : 6) * bandwidth;

  /** Rows of the kernel over a lattice: step in rows, first step in columns, values. */
  function stencilOf(kde, { kind, size }) {
    const kernel = kernelOf(kde);
    const slant = kind === "square" ? 0 : 0.5;
    const rise = kind === "square" ? size : (size * ROOT3) / 2;
    const far = reachOf(kde);
    const rows = Math.floor(far / rise + FORGIVEN);
    const stencil = [];
    for (let up = -rows; up <= rows; up += 1) {
      const half = Math.sqrt(Math.max(far ** 2 - (up * rise) ** 2, 0)) / size;
      const first = Math.ceil(-half - up * slant - FORGIVEN);
      const last = Math.floor(half - up * slant + FORGIVEN);
      const values = Float64Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) =>
        kernel(((first + i + up * slant) * size) ** 2 + (up * rise) ** 2),
      );
      if (values.length) stencil.push({ up, first, values });
    }
    return stencil;
  }

  /** The positions of cells that hold something, by row from the south. */
  function heldByRow(values, row, south, high) {
    const rows = Array.from({ length: high }, () => []);
    for (let i = 0; i < values.length; i += 1) if (values[i]) rows[row[i] - south].push(i);
    return rows;
  }

  /** Adds a row of the kernel for each of some cells to a line that begins some columns before. */
  function layAlong(line, held, columns, values, kernel, before) {
    const wide = kernel.length;
    for (let i = 0; i < held.length; i += 1) {
      const from = columns[held[i]] + before;
      const value = values[held[i]];
      for (let k = 0; k < wide; k += 1) line[from + k] += value * kernel[k];
    }
  }

  function addLine(total, at, line, from, wide) {
    for (let k = 0; k < wide; k += 1) total[at + k] += line[from + k];
  }

  function latticeDensity(values, lattice, kde) {
    const { column, row, kind } = lattice;
    const [west, south] = [least(column), least(row)];
    const [wide, high] = [most(column) - west + 1, most(row) - south + 1];
    const columns = Int32Array.from(column, (one) => one - west);
    const total = new Float64Array(high * wide);
    const stencil = stencilOf(kde, lattice);
    const reach = stencil.reduce(
      (far, { first, values: { length } }) => Math.max(far, -first, first + length - 1),
      0,
    );
    const line = new Float64Array(wide + 2 * reach);
    // On squares a row does the same to the rows as far above and below it: worked out once.
    const mirrored = kind === "square";
    heldByRow(values, row, south, high).forEach((held, here) => {
      if (!held.length) return;
      for (const { up, first, values: kernel } of stencil) {
        if (mirrored && up < 0) continue;
        const targets = mirrored && up ? [here + up, here - up] : [here + up];
        const inside = targets.filter((at) => at >= 0 && at < high);
        if (!inside.length) continue;
        line.fill(0);
        layAlong(line, held, columns, values, kernel, reach + first);
        for (const at of inside) addLine(total, at * wide, line, reach, wide);
      }
    });
    return values.map((_, i) => total[(row[i] - south) * wide + columns[i]]);
  }

  /**
   * Events (or weights) per square kilometre at every cell's centre, where the events of a cell
   * are taken to lie at its centre.
   */
  function density(values, stats, kde = stats.kde) {
    if (stats.lattice) return latticeDensity(values, stats.lattice, kde);
    const { x, y } = stats;
    const kernel = kernelOf(kde);
    const far = reachOf(kde) ** 2 * (1 + FORGIVEN);
    const out = new Float64Array(values.length);
    for (let i = 0; i < values.length; i += 1) {
      if (!values[i]) continue;
      for (let k = 0; k < values.length; k += 1) {
        const d2 = (x[k] - x[i]) ** 2 + (y[k] - y[i]) ** 2;
        if (d2 <= far) out[k] += values[i] * kernel(d2);
      }
    }
    return out;
  }

  // --- times -----------------------------------------------------------------------------------

  const TELLING = 8.3;
  const LONGEST = 8;
  const ALL_BUT_ONE = 6;

  /** Rounds to nine decimals, halves to even, as NumPy does. */
  function rounded(value) {
    const large = value * 1e9;
    const low = Math.floor(large);
    const up = large - low > 0.5 || (large - low === 0.5 && low % 2 !== 0);
    return (up ? low + 1 : low) / 1e9;
  }

  /** Kulldorff's log likelihood ratio of a count above its expectation, of a total. */
  function logLikelihoodRatio(count, expected, total) {
    if (!(count > expected)) return 0;
    const rest = total - count;
    const score = count * Math.log(count / expected);
    const more = rest > 0 ? rest * Math.log(rest / (total - expected)) : 0;
    return Math.max(score + more, 0);
  }

  /**
   * The run of weekdays and hours that stands out most in 168 hours of counts, or null; see
   * busiest_blocks in geo/places.py. Both ends of the runs are included, and runs may wrap.
   */
  function busiestBlock(hours, { minN = 10, minRatio = 2 } = {}) {
    const total = rounded(sumOf(Float64Array.from(hours)));
    if (total < minN) return null;
    const whole = Math.max(total, 1);
    const running = new Float64Array(337);
    for (let i = 0; i < 336; i += 1) running[i + 1] = running[i] + hours[i % 168];
    let best = TELLING;
    let found = null;
    for (let length = 1; length <= LONGEST; length += 1) {
      const perDay = new Float64Array(168);
      const soFar = new Float64Array(168);
      for (let hour = 0; hour < 24; hour += 1) {
        for (let day = 0; day < 7; day += 1) {
          const begin = hour + 24 * day;
          perDay[hour * 7 + day] = running[begin + length] - running[begin];
        }
      }
      for (let days = 1; days <= 7; days += 1) {
        for (let at = 0; at < 168; at += 1) {
          soFar[at] += perDay[at - (at % 7) + ((at + days - 1 - (at - (at % 7))) % 7)];
        }
        if (days === ALL_BUT_ONE) continue;
        const expected = (whole * days * length) / 168;
        let [top, where] = [-1, 0];
        for (let at = 0; at < 168; at += 1) {
          const n = rounded(soFar[at]);
          const telling = n >= minRatio * expected && n * 4 >= whole;
          const score = telling ? rounded(logLikelihoodRatio(n, expected, whole)) : 0;
          if (score > top) [top, where] = [score, at];
        }
        if (!(top > best + 1e-9)) continue;
        best = top;
        const [hour, day] = [Math.floor(where / 7), where % 7];
        found = {
          firstDay: day,
          lastDay: (day + days - 1) % 7,
          firstHour: hour,
          lastHour: (hour + length - 1) % 24,
          n: rounded(soFar[where]),
        };
      }
    }
    return found;
  }

  /** Whether two counts of equally long times differ: "up", "down", "same", or "few". */
  function compareTwo(now, then, alpha = 0.05) {
    const total = now + then;
    if (2 * 0.5 ** total > alpha) return "few";
    if (chanceP(now, total, 0.5) > alpha) return "same";
    return now > then ? "up" : "down";
  }

  // --- outlines --------------------------------------------------------------------------------

  const SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]];
  const HEX = [[1, 1], [0, 2], [-1, 1], [-1, -1], [0, -2], [1, -1]];

  /** The corners of a lattice cell as whole numbers, counter-clockwise; shared ones are equal. */
  function wholeCorners({ kind, column, row }, i) {
    if (kind === "square") return SQUARE.map(([x, y]) => [column[i] + x, row[i] + y]);
    return HEX.map(([half, third]) => [2 * column[i] + row[i] + half, 3 * row[i] + third]);
  }

  /** Rings of whole corners around lattice cells: the sides that no other of them shares. */
  function ringsAround(cells, positions) {
    const name = ([x, y]) => `${x} ${y}`;
    const sides = new Map();
    for (const i of positions) {
      const corners = wholeCorners(cells, i);
      corners.forEach((from, k) => {
        const to = corners[(k + 1) % corners.length];
        const back = `${name(to)}|${name(from)}`;
        if (!sides.delete(back)) sides.set(`${name(from)}|${name(to)}`, [from, to]);
      });
    }
    const leaving = new Map();
    for (const side of sides.values()) {
      const corner = name(side[0]);
      if (leaving.has(corner)) leaving.get(corner).push(side);
      else leaving.set(corner, [side]);
    }
    const rings = [];
    for (const first of sides.values()) {
      const ring = [];
      let side = taken(leaving, first);
      while (side) {
        ring.push(side[0]);
        side = onwards(leaving, side, name(side[1]));
      }
      if (ring.length) rings.push(ring);
    }
    return rings.map(cornersOnly);
  }

  function taken(leaving, side) {
    const some = leaving.get(`${side[0][0]} ${side[0][1]}`);
    const at = some.indexOf(side);
    return at < 0 ? null : some.splice(at, 1)[0];
  }

  /** The side that goes on from here; where two cells meet at a corner, the one most to the left. */
  function onwards(leaving, [from, to], corner) {
    const some = leaving.get(corner);
    if (!some.length) return null;
    const turn = ([, next]) =>
      (to[0] - from[0]) * (next[1] - to[1]) - (to[1] - from[1]) * (next[0] - to[0]);
    const best = some.reduce((a, b) => (turn(b) > turn(a) ? b : a));
    return some.splice(some.indexOf(best), 1)[0];
  }

  /** Drops what lies on a straight line between its neighbours. */
  function cornersOnly(ring) {
    return ring.filter(([x, y], i) => {
      const [a, b] = ring.at(i - 1);
      const [c, d] = ring[(i + 1) % ring.length];
      return (x - a) * (d - y) !== (y - b) * (c - x);
    });
  }

  /** The border of some cells together as a shape {xy, rings, box} in Mercator coordinates. */
  function outlineOf(cells, positions, project) {
    const shape = { xy: null, rings: [], box: [Infinity, Infinity, -Infinity, -Infinity] };
    const xy = [];
    const at = new Float64Array(2);
    if (cells.kind === "drawn") {
      for (const { xy: all, rings } of Array.from(positions, (i) => cells.shapes[i])) {
        for (const [from, to] of rings) {
          shape.rings.push([xy.length / 2, xy.length / 2 + to - from]);
          for (let i = 2 * from; i < 2 * to; i += 1) xy.push(all[i]);
        }
      }
    } else {
      const { size, kind } = cells;
      const across = kind === "square" ? size : size / 2;
      const along = kind === "square" ? size : (size * ROOT3) / 6;
      for (const ring of ringsAround(cells, positions)) {
        shape.rings.push([xy.length / 2, xy.length / 2 + ring.length]);
        for (const [x, y] of ring) {
          project(x * across, y * along, at, 0);
          xy.push(at[0], at[1]);
        }
      }
    }
    shape.xy = Float64Array.from(xy);
    for (let i = 0; i < xy.length; i += 2) {
      shape.box[0] = Math.min(shape.box[0], xy[i]);
      shape.box[1] = Math.min(shape.box[1], xy[i + 1]);
      shape.box[2] = Math.max(shape.box[2], xy[i]);
      shape.box[3] = Math.max(shape.box[3], xy[i + 1]);
    }
    return shape;
  }

  Object.assign(globalThis.lagesbild, {
    unpackStatistics,
    claims,
    groups,
    density,
    busiestBlock,
    compareTwo,
    outlineOf,
    twoSidedP,
    chanceP,
    adjust,
  });
}

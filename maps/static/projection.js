// From the project's metres to Web Mercator metres, by the polynomials of maps/mercator.py.
"use strict";
globalThis.lagesbild ??= {};
{
  /** Gives (x, y, out, at): writes the Mercator point to out[at] and out[at + 1]. */
  function projector({ centre, half, degree, east, north }) {
    const inU = new Float64Array(degree + 1);
    const inV = new Float64Array(degree + 1);
    function chebyshev(into, value) {
      into[0] = 1;
      into[1] = value;
      for (let i = 2; i <= degree; i += 1) into[i] = 2 * value * into[i - 1] - into[i - 2];
    }
    return (x, y, out, at) => {
      chebyshev(inU, (x - centre[0]) / half[0]);
      chebyshev(inV, (y - centre[1]) / half[1]);
      let sumEast = 0;
      let sumNorth = 0;
      let k = 0;
      for (let i = 0; i <= degree; i += 1) {
        for (let j = 0; j <= degree - i; j += 1, k += 1) {
          const term = inU[i] * inV[j];
          sumEast += term * east[k];
          sumNorth += term * north[k];
        }
      }
      out[at] = sumEast;
      out[at + 1] = sumNorth;
    };
  }

  const RADIUS = 6378137;

  /** Mercator metres as [latitude, longitude], as Leaflet wants them. */
  function latLng(east, north) {
    const degrees = 180 / Math.PI;
    return [
      (2 * Math.atan(Math.exp(north / RADIUS)) - Math.PI / 2) * degrees,
      (east / RADIUS) * degrees,
    ];
  }

  /** Mercator metres to pixels of a Leaflet map at its zoom, as {a, e, n}: px = e + a * east. */
  function pixels(zoom, origin) {
    const world = 256 * 2 ** zoom;
    const a = world / (2 * Math.PI * RADIUS);
    return { a, e: world / 2 - origin.x, n: world / 2 - origin.y };
  }

  Object.assign(globalThis.lagesbild, { projector, latLng, pixels });
}

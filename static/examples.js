/** Digits to tap: pen tracks of writers that the model has not seen, written by docs/examples.py.
 * From Pen-Based Recognition of Handwritten Digits; Alpaydin and Alimoglu, UCI; CC BY 4.0.
 * @module
 */

/** @type {{label: string, code: string}[]} */
export const EXAMPLES = [
  { label: "2", code: "1J9h1B193582G0O1S3U5W8WBVGQRAl6s6v7w9yJzPz" },
  { label: "5", code: "1I9hR9V5X2W0P0M160102J4P5PKTRWUZWcYfZjZmYqWtTvQxMzIzFz5u3w" },
  { label: "8", code: "1I9hDA7A1K1R3UASJMRDT4S2Q0M0D45C2K2O6SBSGP9X4m4v6x9zDzMuUlXgZXVQNOFQ9W" },
  { label: "3", code: "1H9hCHCFDCF9L4Q2U1Y0b1b3a6YARJOOMSLWLaNkMoKrHuDw4z1z" },
  { label: "9", code: "1H9hV2Y2Y1S0F2A6889AACDDGFNEUBWAb4cPccbnZsWvTxPyKzFz2x1w" },
];

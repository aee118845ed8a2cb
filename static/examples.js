/** Characters to tap: pen tracks of writers that the models have not learned from, chosen by docs/examples.py.
 * Digits are from Pen-Based Recognition of Handwritten Digits; Alpaydin and Alimoglu, UCI; CC BY 4.0. Letters are from
 * UNIPEN train_r01_v07, sections 1b and 1c; doi:10.5281/zenodo.1195803; CC BY 4.0.
 * @module
 */

/** @typedef {{label: string, code: string}} Example */

/** @type {Example[][]} a set is for the models that know all of it; the first such one is shown */
export const EXAMPLES = [
  [
    { label: "A", code: "1K9h4M3T3y2z1r1k5Q7C8097CILlNrQxQv-SbTbIbBc" },
    { label: "b", code: "1L9h303B5L7e8p7q9jBeEcHcLeNfQlQoOtLxJyBz4x1v" },
    { label: "e", code: "199hDLCMCLCNCMHNRNsRzTxNuKgAT4K1C072390U3f7nCsFvJxRzWysxwx" },
    { label: "R", code: "19BhEDEOCVCmBq-0644A2P1X3c6fAhHhIdNNWJX9YDXFYhgzrzsys" },
    { label: "G", code: "1G9hXHRGLIJIDK6Q2X1d3p6sExIyRzawdudsblZiRdLd-e0c1b2aCYLYPbT" },
  ],
  [
    { label: "2", code: "1F9hB5A4A3C2M0T0W0b2c5c7ZERM6e1i0k0l4o7oYtiwgwcz" },
    { label: "5", code: "1C9hI9H9DFCICOFVJcLfMjLnKqHtEwAy6z4z1x0v-7M5J5H7FBDq0" },
    { label: "8", code: "1K9hDKLaQiRlRpRsPwJyFz9y7x5w4u3s4q7kHYQMSFTBS8Q3O2H0D091361D" },
    { label: "3", code: "1F9h3967E4Q0b0f2i6h9cGYOXTYWZaaebialXoTrNt0z" },
    { label: "9", code: "1I9hDHBD7D5E1N4T7VBVKRQNXFZBX3P0E2590H0L4RCTLQXJToTz" },
  ],
];

/** @type {{label: string, code: string}[]} */
export const EXAMPLES = [];

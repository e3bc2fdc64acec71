// Prints what Node says: of each error asked for, as [code, ...arguments], its message, or null where there is none.
// Run with --expose-internals.
const { codes } = require('internal/errors');

const asked = JSON.parse(process.argv[2]);
console.log(JSON.stringify(asked.map(([code, ...args]) => (codes[code] ? new codes[code](...args).message : null))));

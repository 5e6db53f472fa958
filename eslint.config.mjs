import eslint from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

/** Parts of the extension that must work without VS Code, so that a plain mocha can test them. */
const pure = ["extension/src/model/**/*.ts", "extension/src/util/**/*.ts", "extension/src/protocol.ts"];

const nodeGlobals = {
  Buffer: "readonly",
  clearTimeout: "readonly",
  console: "readonly",
  fetch: "readonly",
  process: "readonly",
  setTimeout: "readonly",
  URL: "readonly",
  URLSearchParams: "readonly",
  // Code that the tests of the real VS Code evaluate in its page.
  document: "readonly",
  NodeFilter: "readonly",
  window: "readonly",
};

export default defineConfig(
  { ignores: ["dist/", "out/", "bundled/", ".venv/", ".demo/", "node_modules/", "**/__pycache__/"] },
  eslint.configs.recommended,
  {
    files: ["extension/**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "no-console": "error",
      eqeqeq: "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/no-floating-promises": ["error", { ignoreVoid: true }],
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/promise-function-async": "error",
    },
  },
  {
    files: pure,
    rules: {
      "no-restricted-imports": ["error", { paths: ["vscode", "vscode-languageclient", "vscode-languageclient/node"] }],
    },
  },
  {
    files: ["extension/test/**/*.ts"],
    rules: {
      // An assertion library's chains, and a test's own small functions.
      "@typescript-eslint/no-unused-expressions": "off",
      "@typescript-eslint/explicit-module-boundary-types": "off",
    },
  },
  {
    // The server's types, generated: one shape for all.
    files: ["extension/src/protocol.ts"],
    rules: { "@typescript-eslint/consistent-type-definitions": "off" },
  },
  {
    files: ["**/*.mjs", "**/*.js", "**/*.cjs"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: nodeGlobals },
    rules: {
      "no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", destructuredArrayIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
      eqeqeq: "error",
    },
  },
);

/** Modules whose package has another name; all others are called like their module. */
const PACKAGES: Readonly<Record<string, string>> = {
  PIL: "pillow",
  attr: "attrs",
  bs4: "beautifulsoup4",
  cv2: "opencv-python-headless",
  dateutil: "python-dateutil",
  dotenv: "python-dotenv",
  skimage: "scikit-image",
  sklearn: "scikit-learn",
  yaml: "PyYAML",
};

/** The package that brings a module. */
export function packageOf(module: string): string {
  return PACKAGES[module] ?? module;
}

/** A command line that a POSIX shell, PowerShell and cmd read alike. */
export function pipInstall(interpreter: string, platform: NodeJS.Platform, ...args: readonly string[]): string {
  const quoted = [interpreter, "-m", "pip", "install", ...args].map((word) =>
    /^[\w./:\\@=-]+$/.test(word) ? word : `"${word}"`,
  );
  const call = platform === "win32" && quoted[0]?.startsWith('"') === true ? "& " : "";
  return call + quoted.join(" ");
}

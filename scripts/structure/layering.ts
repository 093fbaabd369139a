import { layers, otherAreas, testImports } from "./layers.ts";
import { isTest, type Problem, problem, type SourceFile } from "./source-file.ts";

/** Imports point to the same area or to what `layers.ts` allows. Type imports count like any other. */
export function layering(file: SourceFile): Problem[] {
  const area = areaOf(file.path);
  if (area === undefined) return [];
  const allowed = importsOf(area);
  if (allowed === undefined) {
    return [problem(file, 0, `src/${area} has no place in scripts/structure/layers.ts: give it one`)];
  }
  const patterns = isTest(file.path) ? [...allowed, ...testImports] : allowed;
  return relativeImports(file).flatMap(({ position, target }) => {
    const imported = areaOf(target);
    if (
      imported === area ||
      patterns.some((pattern) => imported !== undefined && matches(pattern, imported))
    ) {
      return [];
    }
    const message = `${area} may not import ${target}. It may import: ${patterns.join(", ") || "nothing"}`;
    return [problem(file, position, message)];
  });
}

/** The area of a file under `src`; undefined for any other file. */
function areaOf(path: string): string | undefined {
  const [top, folder, sub, file] = path.split("/");
  if (top !== "src" || folder === undefined) return undefined;
  if (sub === undefined) return "root";
  const grouped = (folder === "backends" || folder === "integrations") && file !== undefined;
  return grouped ? `${folder}/${sub}` : folder;
}

function importsOf(area: string): readonly string[] | undefined {
  const rank = layers.findIndex((layer) => layer.name === area);
  if (rank !== -1) return layers.slice(0, rank).map((layer) => layer.name);
  return otherAreas.find((other) => matches(other.name, area))?.imports;
}

function matches(pattern: string, area: string): boolean {
  return pattern.endsWith("/*") ? area.startsWith(pattern.slice(0, -1)) : pattern === area;
}

function relativeImports(file: SourceFile): { position: number; target: string }[] {
  const opening = /\b(?:from\s*|import\s*\(?\s*)(["'])/g;
  return [...file.view.matchAll(opening)].flatMap((match) => {
    const start = match.index + match[0].length;
    const specifier = file.source.slice(start, file.view.indexOf(match[1] ?? "", start));
    if (!specifier.startsWith(".")) return [];
    const target = new URL(specifier, `file:///${file.path}`).pathname.slice(1);
    return [{ position: match.index, target }];
  });
}

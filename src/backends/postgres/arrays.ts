/**
 * Reads PostgreSQL's array text: `{1,NULL,"a \"b\""}`, nested for more dimensions, and with bounds in front where
 * they do not start at 1 (`[0:1]={1,2}`; the bounds are dropped). Elements are read with `parseElement`.
 */
export function parseArray(text: string, parseElement: (text: string) => unknown): unknown[] {
  let at = text.startsWith("[") ? text.indexOf("=") + 1 : 0;

  function list(): unknown[] {
    const elements: unknown[] = [];
    at++;
    while (text[at] !== "}") {
      if (at >= text.length) throw new SyntaxError("the server sent an array without an end");
      if (text[at] === ",") at++;
      else if (text[at] === "{") elements.push(list());
      else elements.push(text[at] === '"' ? parseElement(quoted()) : plain());
    }
    at++;
    return elements;
  }

  function quoted(): string {
    const start = ++at;
    while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
    const raw = text.slice(start, at++);
    return raw.includes("\\") ? raw.replace(/\\(.)/gs, "$1") : raw;
  }

  function plain(): unknown {
    const start = at;
    while (at < text.length && text[at] !== "," && text[at] !== "}") at++;
    const raw = text.slice(start, at);
    return raw === "NULL" ? null : parseElement(raw);
  }

  return list();
}

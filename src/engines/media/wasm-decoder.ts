import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** A WebAssembly program takes no more memory than this, whatever a file asks for; the file itself lies in it too. */
export const MAX_WASM_BYTE_SIZE = 512 * 1024 * 1024;
const PAGE_BYTE_SIZE = 65_536;

const programs = new Map<string, Promise<WebAssembly.Module>>();

/**
 * How Emscripten is told to start a program of a package in a fresh instance with bounded memory. Compiled at its first file, once in a process.
 * Beyond the bound its allocations fail, which it reports as an error of its own.
 */
export async function limitedWasm(packageFile: string) {
  let compiling = programs.get(packageFile);
  if (compiling === undefined) {
    compiling = readFile(createRequire(import.meta.url).resolve(packageFile)).then((bytes) => WebAssembly.compile(new Uint8Array(bytes)));
    programs.set(packageFile, compiling);
  }
  const program = await compiling;
  return (
    imports: WebAssembly.Imports,
    done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): WebAssembly.Exports => {
    const instance = new WebAssembly.Instance(program, imports);
    for (const exported of Object.values(instance.exports)) {
      if (!(exported instanceof WebAssembly.Memory)) continue;
      const grow = exported.grow.bind(exported);
      exported.grow = (pages: number) => {
        if (exported.buffer.byteLength + pages * PAGE_BYTE_SIZE > MAX_WASM_BYTE_SIZE) throw new RangeError('too much memory');
        return grow(pages);
      };
    }
    done(instance, program);
    return instance.exports;
  };
}

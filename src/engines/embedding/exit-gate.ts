// A process that ends while a worker thread is inside onnxruntime aborts (exit code 134): the addon throws a C++ exception when
// Node stops its thread. So the main thread's exit waits, briefly, until no worker is inside.

const STOP = 0;
const INSIDE = 1;
/** Longer than any batch; a model still loading after it is not waited for. */
const EXIT_TIMEOUT_MS = 15_000;

const gates = new Set<Int32Array>();
let listening = false;

/** Main thread: a gate for one worker, passed to it as workerData and watched when the process ends. */
export function openGate(): Int32Array {
  const gate = new Int32Array(new SharedArrayBuffer(8));
  gates.add(gate);
  if (!listening) process.on('exit', waitForAll);
  listening = true;
  return gate;
}

/** Main thread: that worker is gone. */
export function dropGate(gate: Int32Array): void {
  gates.delete(gate);
}

/** Worker: runs `work`, unless the process is ending; then it never answers. */
export async function insideGate<T>(gate: Int32Array, work: () => Promise<T>): Promise<T> {
  Atomics.store(gate, INSIDE, 1);
  if (Atomics.load(gate, STOP) === 1) {
    leave(gate);
    return new Promise<T>(() => {});
  }
  try {
    return await work();
  } finally {
    leave(gate);
  }
}

function leave(gate: Int32Array): void {
  Atomics.store(gate, INSIDE, 0);
  Atomics.notify(gate, INSIDE);
}

function waitForAll(): void {
  const untilMs = Date.now() + EXIT_TIMEOUT_MS;
  for (const gate of gates) Atomics.store(gate, STOP, 1);
  for (const gate of gates) Atomics.wait(gate, INSIDE, 1, Math.max(0, untilMs - Date.now()));
}

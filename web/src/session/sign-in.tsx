import { useEffect, useRef, useState } from 'react';
import { m } from '../messages/catalogue';
import { signIn, type SignInProblem } from './session';

/** The form. The key is read from the field when it is sent and kept nowhere. */
function SignInForm({ problem: given }: { problem: SignInProblem | null }) {
  const field = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState(given);
  const [busy, setBusy] = useState(false);
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    const input = field.current as HTMLInputElement;
    if (input.value.trim() === '') return input.focus();
    setBusy(true);
    const found = await signIn(input.value);
    setBusy(false);
    setProblem(found);
    if (found) field.current?.select();
  };
  return (
    <form className="sign-in" onSubmit={submit}>
      <label htmlFor="key">{m.signIn.key}</label>
      <input
        ref={field}
        id="key"
        type="password"
        autoComplete="off"
        spellCheck={false}
        aria-describedby="key-hint key-problem"
        aria-invalid={problem === 'refused'}
      />
      <p id="key-hint" className="quiet">
        {m.signIn.hint}
      </p>
      <p id="key-problem" role="alert" className="field-problem">
        {problem && m.signIn[problem]}
      </p>
      <button type="submit" className="primary" disabled={busy}>
        {busy ? m.signIn.submitting : m.signIn.submit}
      </button>
    </form>
  );
}

export function SignInPage({ problem }: { problem: SignInProblem | null }) {
  return (
    <main className="sign-in-page">
      <div>
        <h1>
          <span className="mark" aria-hidden="true" />
          Vitrine
        </h1>
        <p className="lead">{m.signIn.lead}</p>
        <h2>{m.signIn.title}</h2>
        <SignInForm problem={problem} />
      </div>
    </main>
  );
}

/** Over the page as it is: what was typed stays, and what was refused goes on afterwards. */
export function SignInAgain() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className="sign-in-again" aria-labelledby="again" onCancel={(event) => event.preventDefault()}>
      <h2 id="again">{m.signIn.expiredTitle}</h2>
      <p>{m.signIn.expired}</p>
      <SignInForm problem={null} />
    </dialog>
  );
}

import { Link, Outlet } from '@tanstack/react-router';
import { useSyncExternalStore } from 'react';
import { address } from '../base';
import { uploads } from '../bring-in/uploads';
import { chooseLanguage, LANGUAGES, language, m } from '../messages/catalogue';
import { signOut, useSession } from '../session/session';
import { SignInAgain } from '../session/sign-in';

/** What stands around every page. */
export function Frame() {
  const session = useSession();
  const sending = useSyncExternalStore(uploads.subscribe, uploads.progress);
  if (session.state === 'out') return null;
  return (
    <>
      <button type="button" className="skip" onClick={() => document.getElementById('content')?.focus()}>
        {m.frame.skip}
      </button>
      <header className="bar">
        <Link to="/" className="brand" aria-label={`Vitrine: ${m.frame.library}`}>
          <span className="mark" aria-hidden="true" />
          <span className="word">Vitrine</span>
        </Link>
        <nav aria-label={m.frame.sections}>
          <Link to="/" activeOptions={{ includeSearch: false }}>
            {m.frame.library}
          </Link>
          <Link to="/bring-in">
            {m.frame.bringIn}
            {sending && (
              <span
                className="sending"
                role="status"
                aria-label={m.frame.uploading(sending.done, sending.total)}
              >{`${sending.done}/${sending.total}`}</span>
            )}
          </Link>
          <Link to="/compliance">{m.frame.compliance}</Link>
        </nav>
        <details
          className="account"
          onBlur={(event) => {
            if (!event.currentTarget.contains(event.relatedTarget as Node | null) && event.relatedTarget) event.currentTarget.open = false;
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape') event.currentTarget.open = false;
          }}
        >
          <summary aria-label={m.frame.account}>{(session.organization || session.keyName || 'V').slice(0, 1).toUpperCase()}</summary>
          <div className="menu">
            <p>
              <strong>{session.organization}</strong>
              <br />
              {m.frame.signedInAs(session.keyName, (m.role as Record<string, string>)[session.role] ?? session.role)}
            </p>
            <label>
              <span>{m.frame.language}</span>
              <select value={language} onChange={(event) => chooseLanguage(event.target.value)}>
                {Object.entries(LANGUAGES).map(([code, name]) => (
                  <option key={code} value={code} lang={code}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
            <a href={address('explorer')}>{m.frame.explorer}</a>
            <button type="button" onClick={() => void signOut()}>
              {m.frame.signOut}
            </button>
          </div>
        </details>
      </header>
      <main id="content" tabIndex={-1}>
        <Outlet />
      </main>
      {session.state === 'expired' && <SignInAgain />}
    </>
  );
}

// Setting faults: the form shows the current faults, and every change is applied at once.
import { $, act } from '/phone/control.js';

const form = $('faults');

/** How the form shows these faults; it shows all others unchanged. */
const SHOWN = {
  socket_state: (state) => state ?? '',
  missing_modules: (modules) => modules.join(', '),
};

/** The value that the form's text means, if it is not the text itself. */
const MEANT = {
  socket_state: (text) => text || null,
  missing_modules: (text) => text.split(/[\s,]+/).filter(Boolean),
  slow_document_ms: Number,
  slow_boot_ms: Number,
  code_delay_ms: Number,
};

/** Whether the value of a fault differs from the value without a fault. */
function isBroken(value) {
  if (value !== null && typeof value === 'object') return Object.keys(value).length > 0;
  return Boolean(value) && !['none', 'up', 'success'].includes(value);
}

export function showFaults(faults, network) {
  const values = { ...faults, network };
  for (const control of form.elements) {
    // The control that the person is changing now must not be overwritten.
    if (control !== document.activeElement) {
      const value = SHOWN[control.name]?.(values[control.name]) ?? values[control.name];
      if (control.type === 'checkbox') control.checked = value;
      else control.value = value;
    }
    control.classList.toggle('broken', isBroken(values[control.name]));
  }
  $('airplane').checked = network === 'full';
  $('mend').disabled = !Object.values(values).some(isBroken);
}

form.addEventListener('change', ({ target: { name, type, checked, value } }) => {
  if (name === 'network') return act('network', { network: value });
  return act('faults', { [name]: type === 'checkbox' ? checked : (MEANT[name]?.(value) ?? value) });
});
form.addEventListener('submit', (event) => event.preventDefault());
$('airplane').addEventListener('change', ({ target }) => act('network', { network: target.checked ? 'full' : 'up' }));
$('busy').addEventListener('click', () => act('busy', { ms: 5000 }));
$('mend').addEventListener('click', async () => {
  if (await act('network', { network: 'up' })) await act('faults', { reset: true });
});

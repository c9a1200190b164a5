//! Tests of string forms: against a model, deep, in cycles, and with hosts that misbehave.
#![expect(clippy::indexing_slicing, reason = "a test is there to fail loudly")]

use core::cell::{Cell, RefCell};
use core::ffi::c_void;

use proptest::prelude::*;

use super::super::fixture::{Fixture, ok};
use super::*;
use crate::abi::lifecycle_status::*;
use crate::base::last_sentence;

fn list(interp: &Interp, elements: &[lifecycle_handle]) -> lifecycle_handle {
    ok(interp.keeping(|state| state.make_list(elements)))
}

fn push(interp: &Interp, list: lifecycle_handle, element: lifecycle_handle) {
    ok(interp.keeping(|state| state.list_push(list, element)));
}

fn deep(interp: &Interp, depth: usize) -> lifecycle_handle {
    let mut top = list(interp, &[]);
    for _ in 1..depth {
        top = list(interp, &[top]);
    }
    top
}

fn kept(interp: &Interp, handle: lifecycle_handle) -> lifecycle_handle {
    let word = ok(interp.keep(handle));
    interp.change(|state| {
        let wrapped = state.wrap(word);
        state.store.release(word);
        ok(wrapped)
    })
}

fn refused(interp: &Interp, handle: lifecycle_handle) -> Option<lifecycle_status> {
    interp.ended_text(handle).err().map(|error| error.0)
}

#[test]
fn lists_and_dicts_are_written_as_tcl_writes_them() {
    let interp = Fixture::new();
    let (spaced, empty) = (interp.text_of("a b"), interp.text_of(""));
    let numbers = list(&interp, &[ok(interp.int(-1)), ok(interp.double(2.5))]);
    let dict = ok(interp.with(State::make_dict));
    let key = interp.text_of("k 1");
    assert_eq!(interp.dict_set(dict, key, numbers), Ok(()));
    assert_eq!(interp.dict_set(dict, interp.text_of("#"), empty), Ok(()));
    let all = list(&interp, &[spaced, numbers, dict, empty]);
    let wanted = "{a b} {-1 2.5} {{k 1} {-1 2.5} # {}} {}";
    assert_eq!(interp.show(all), wanted);
    let again = kept(&interp, all);
    assert_eq!(interp.show(again), wanted);
    assert_eq!(
        interp.show(ok(interp.with(|state| state.list_at(again, 2)))),
        "{k 1} {-1 2.5} # {}"
    );
    assert_eq!(interp.show(list(&interp, &[])), "");
    let foreign = ok(interp.foreign(b"t", core::ptr::null_mut(), b"the thing"));
    let holder = list(&interp, &[foreign]);
    assert_eq!(interp.show(holder), "{the thing}");
    assert_eq!(interp.show(kept(&interp, holder)), "{the thing}");
}

#[test]
fn a_change_below_is_seen_and_nothing_else_is() {
    let interp = Fixture::new();
    let inner = interp.text_of("x   y");
    assert_eq!(interp.list_shimmer(inner), Ok(()));
    let middle = list(&interp, &[inner]);
    let outer = interp.text_of("p    {q}");
    assert_eq!(interp.list_shimmer(outer), Ok(()));
    assert_eq!((interp.show(middle), interp.show(outer)), ("{x   y}".into(), "p    {q}".into()));
    let early = ok(interp.ended_text(middle));
    let other = list(&interp, &[]);
    push(&interp, other, middle);
    // Something was changed, but nothing in these.
    assert_eq!((interp.show(inner), interp.show(middle)), ("x   y".into(), "{x   y}".into()));
    assert_eq!((interp.show(outer), interp.show(other)), ("p    {q}".into(), "{{x   y}}".into()));
    assert_eq!(ok(interp.ended_text(middle)).as_ptr(), early.as_ptr());
    push(&interp, inner, interp.text_of("z"));
    assert_eq!((interp.show(other), interp.show(middle)), ("{{x y z}}".into(), "{x y z}".into()));
    push(&interp, outer, inner);
    assert_eq!(interp.show(outer), "p q {x y z}");
    assert_eq!(early.bytes(), b"{x   y}");
    // An element of what was made from a text becomes a list and is changed.
    let text = interp.text_of("a  {b  c}");
    assert_eq!(interp.list_shimmer(text), Ok(()));
    let element = ok(interp.with(|state| state.list_at(text, 1)));
    assert_eq!(interp.list_shimmer(element), Ok(()));
    assert_eq!(interp.show(text), "a  {b  c}");
    push(&interp, element, inner);
    assert_eq!(interp.show(text), "a {b c {x y z}}");
}

#[test]
fn what_is_kept_has_its_original_text_unless_something_below_was_changed() {
    let interp = Fixture::new();
    let text = interp.text_of("a  {b  c}");
    assert_eq!(interp.list_shimmer(text), Ok(()));
    let element = ok(interp.with(|state| state.list_at(text, 1)));
    assert_eq!(interp.list_shimmer(element), Ok(()));
    push(&interp, list(&interp, &[]), text);
    assert_eq!(interp.show(kept(&interp, text)), "a  {b  c}");
    push(&interp, element, ok(interp.int(7)));
    assert_eq!(interp.show(kept(&interp, text)), "a {b c 7}");
}

#[test]
fn forms_are_made_as_deep_as_they_may_be_and_no_deeper() {
    // A walk that recursed would not fit into this stack.
    let thread = std::thread::Builder::new().stack_size(128 << 10).spawn(|| {
        let interp = Fixture::new();
        let most = deep(&interp, LIFECYCLE_TEXT_DEPTH_MAX);
        let len = interp.show(most).len();
        assert!(len >= 2 * (LIFECYCLE_TEXT_DEPTH_MAX - 1), "{len}");
        assert_eq!(interp.show(kept(&interp, most)).len(), len);
        let more = deep(&interp, LIFECYCLE_TEXT_DEPTH_MAX + 1);
        assert_eq!(refused(&interp, more), Some(LIFECYCLE_E_DEPTH));
        assert_eq!(refused(&interp, kept(&interp, more)), Some(LIFECYCLE_E_DEPTH));
        assert_eq!(interp.show(most).len(), len);
    });
    assert!(thread.is_ok_and(|thread| thread.join().is_ok()));
}

#[test]
fn a_cycle_has_no_form() {
    let interp = Fixture::new();
    let (a, b) = (list(&interp, &[]), ok(interp.with(State::make_dict)));
    push(&interp, a, interp.text_of("x"));
    assert_eq!(interp.dict_set(b, interp.text_of("k"), a), Ok(()));
    push(&interp, a, b);
    for handle in [a, b, a] {
        assert_eq!(refused(&interp, handle), Some(LIFECYCLE_E_CYCLE));
    }
    let cut = ok(interp.keeping(|state| state.list_take(a, false)));
    assert_eq!(cut, b);
    assert_eq!((interp.show(a), interp.show(b)), ("x".into(), "k x".into()));
}

/// What a host in `to_text` does.
#[derive(Default)]
struct Host {
    calls: Cell<usize>,
    inside: Cell<usize>,
    deepest: Cell<usize>,
    misdeed: RefCell<Option<Misdeed>>,
}

type Misdeed = Box<dyn Fn(&Interp, lifecycle_handle) -> lifecycle_status>;

unsafe extern "C" fn to_text(
    interp: *mut lifecycle_interp,
    value: lifecycle_handle,
    builder: lifecycle_handle,
    user: *mut c_void,
) -> lifecycle_status {
    // SAFETY: the tests pass a `Host` that outlives the interpreter.
    let host = unsafe { &*user.cast::<Host>() };
    let interp = ok(Interp::check(interp));
    host.calls.set(host.calls.get() + 1);
    host.inside.set(host.inside.get() + 1);
    host.deepest.set(host.deepest.get().max(host.inside.get()));
    let write = |bytes: &[u8]| ok(interp.append(builder, bytes));
    match ok(interp.kind(value)) {
        LIFECYCLE_DOUBLE => write(b"#"),
        LIFECYCLE_LIST => {
            write(b"<");
            for i in 0..ok(interp.with(|state| state.list_length(value))) {
                let element = ok(interp.with(|state| state.list_at(value, i)));
                if interp.append_text(builder, element).is_err() {
                    write(b"?");
                }
                write(b",");
            }
            write(b">");
        }
        _ => {
            for i in 0..ok(interp.with(|state| state.dict_size(value))) {
                let entry = ok(interp.with(|state| state.dict_entry(value, i, (true, true))));
                ok(interp.append_text(builder, entry.0));
                write(b"=");
                ok(interp.append_text(builder, entry.1));
                write(b";");
            }
        }
    }
    let status = match &*host.misdeed.borrow() {
        Some(misdeed) => misdeed(interp, value),
        None => LIFECYCLE_OK,
    };
    host.inside.set(host.inside.get() - 1);
    status
}

fn fixture(host: &Host) -> Fixture {
    Fixture::with(&lifecycle_interp_options {
        user: (&raw const *host).cast_mut().cast(),
        to_text: Some(to_text),
        ..lifecycle_interp_options::default()
    })
}

#[test]
fn the_host_writes_forms_and_is_asked_for_none_meanwhile() {
    let host = Host::default();
    let interp = fixture(&host);
    let inner = list(&interp, &[ok(interp.int(1)), interp.text_of("a b")]);
    let dict = ok(interp.with(State::make_dict));
    assert_eq!(interp.dict_set(dict, interp.text_of("k"), inner), Ok(()));
    let outer = list(&interp, &[inner, dict, inner, ok(interp.double(0.5))]);
    let wanted = "<<1,a b,>,k=<1,a b,>;,<1,a b,>,#,>";
    assert_eq!(interp.show(outer), wanted);
    assert_eq!((host.calls.get(), host.deepest.get()), (4, 1));
    assert_eq!(interp.show(outer), wanted);
    assert_eq!(host.calls.get(), 4);
    for in_scope in [false, true] {
        let wrapped = kept(&interp, outer);
        let scope = if in_scope { Some(ok(interp.open_scope())) } else { None };
        assert_eq!(interp.show(wrapped), wanted);
        let wrapped = kept(&interp, deep(&interp, 2000));
        let inner_scope = if in_scope { Some(ok(interp.open_scope())) } else { None };
        host.deepest.set(0);
        assert_eq!(interp.show(wrapped), "<".repeat(2000) + ">" + &",>".repeat(1999));
        assert_eq!(host.deepest.get(), 1);
        for scope in [inner_scope, scope].into_iter().flatten() {
            assert_eq!(interp.close_scope(scope, None), Ok(()));
        }
    }
}

#[test]
fn a_host_that_misbehaves_is_survived() {
    let host = Host::default();
    let interp = fixture(&host);
    let make = || {
        let inner = list(&interp, &[interp.text_of("i")]);
        (inner, list(&interp, &[inner]))
    };
    let does = |misdeed: Misdeed| *host.misdeed.borrow_mut() = Some(misdeed);

    does(Box::new(|_, _| LIFECYCLE_E_FORMAT));
    let (_, outer) = make();
    assert_eq!(refused(&interp, outer), Some(LIFECYCLE_E_FORMAT));
    assert!(last_sentence().contains("the host did not write"), "{}", last_sentence());

    // It asks for the very form that it is to write.
    does(Box::new(|interp, value| {
        interp.ended_text(value).err().map_or(LIFECYCLE_OK, |error| error.0)
    }));
    assert_eq!(refused(&interp, outer), Some(LIFECYCLE_E_DEPTH));

    // It changes the value: the text is what it wrote, and is known to be old.
    does(Box::new(|interp, value| {
        if ok(interp.with(|state| state.list_length(value))) < 3 {
            push(interp, value, ok(interp.string(b"more")));
        }
        LIFECYCLE_OK
    }));
    let (inner, outer) = make();
    assert_eq!(interp.show(inner), "<i,>");
    assert_eq!(interp.show(inner), "<i,more,>");
    assert_eq!(interp.show(outer), "<<i,more,more,>,>");

    // It would drop everything, and does.
    does(Box::new(|interp, _| interp.reset().err().map_or(LIFECYCLE_OK, |error| error.0)));
    let (_, outer) = make();
    assert_eq!(refused(&interp, outer), Some(LIFECYCLE_E_BUSY));
    does(Box::new(|interp, _| interp.unwind(0).err().map_or(LIFECYCLE_OK, |error| error.0)));
    let (_, outer) = make();
    assert_eq!(refused(&interp, outer), Some(LIFECYCLE_E_STALE));
    assert_eq!(refused(&interp, outer), Some(LIFECYCLE_E_STALE));

    *host.misdeed.borrow_mut() = None;
    let (_, outer) = make();
    assert_eq!(interp.show(outer), "<<i,>,>");
}

#[test]
fn walks_that_were_left_by_longjmp_are_forgotten() {
    let interp = Fixture::new();
    let value = deep(&interp, 3);
    assert_eq!(interp.enter(), Ok(()));
    for round in 0..3 * CALLS {
        // As if the host had jumped out of `to_text`.
        ok(interp.with(|state| {
            state.forms.calls += 1;
            state.begin_walk(value, true)
        }));
        assert_eq!(interp.unwind(1), Ok(()));
        assert_eq!(interp.with(|state| state.forms.calls), 0, "{round}");
    }
    assert_eq!(interp.show(value), "{{}}");
    assert_eq!(interp.unwind(0), Ok(()));
    assert_eq!(interp.with(|state| state.forms.path.len() + state.forms.pieces.len()), 0);
}

/// A value of the model: a text, or a list of other ones, by their numbers.
#[derive(Clone, Debug)]
enum Model {
    Text(String),
    List(Vec<usize>),
}

fn written(model: &[Model], n: usize) -> Vec<u8> {
    let elements = match &model[n] {
        Model::Text(text) => return text.clone().into_bytes(),
        Model::List(elements) => elements,
    };
    let mut text = Vec::new();
    for (i, element) in elements.iter().enumerate() {
        if i != 0 {
            text.push(b' ');
        }
        syntax::quote(&written(model, *element), i == 0, |piece| text.extend_from_slice(piece));
    }
    text
}

fn copied(model: &mut Vec<Model>, n: usize) -> usize {
    let copy = match model[n].clone() {
        Model::List(elements) => {
            Model::List(elements.into_iter().map(|element| copied(model, element)).collect())
        }
        text => text,
    };
    model.push(copy);
    model.len() - 1
}

proptest! {
    #[test]
    fn texts_are_what_the_model_writes(
        steps in prop::collection::vec((0u8..9, any::<usize>(), any::<usize>()), 1..70),
    ) {
        let interp = Fixture::new();
        let mut model = vec![Model::Text("a b".into())];
        // Handles and what they are in the model. An element comes before its lists, so that there
        // are no cycles.
        let mut named = vec![(interp.text_of("a b"), 0)];
        for (step, a, b) in steps {
            let (first, first_model) = named[a % named.len()];
            let (second, second_model) = named[b % named.len()];
            let made = match step {
                0 => {
                    let text = ["", "x", "{", "#1", "p  q"][a % 5];
                    model.push(Model::Text(text.into()));
                    (interp.text_of(text), model.len() - 1)
                }
                1 | 2 => {
                    model.push(Model::List(vec![first_model, second_model]));
                    (list(&interp, &[first, second]), model.len() - 1)
                }
                3 | 4 => {
                    if first_model <= second_model {
                        continue;
                    }
                    let Model::List(elements) = &mut model[first_model] else { continue };
                    elements.push(second_model);
                    push(&interp, first, second);
                    continue;
                }
                5 => {
                    let Model::List(elements) = &mut model[first_model] else { continue };
                    let Some(last) = elements.pop() else { continue };
                    (ok(interp.keeping(|state| state.list_take(first, false))), last)
                }
                6 => (kept(&interp, first), copied(&mut model, first_model)),
                7 => {
                    let Model::List(elements) = &model[first_model] else { continue };
                    let Some(element) = elements.get(b % elements.len().max(1)) else { continue };
                    let at = b % elements.len();
                    (ok(interp.with(|state| state.list_at(first, at))), *element)
                }
                _ => {
                    prop_assert_eq!(interp.show(first).into_bytes(), written(&model, first_model));
                    continue;
                }
            };
            // Texts that are taken out of a list may be handles of their own.
            if written(&model, made.1).len() < 2000 {
                named.push(made);
            }
        }
        for (handle, n) in named {
            prop_assert_eq!(interp.show(handle).into_bytes(), written(&model, n));
        }
    }
}

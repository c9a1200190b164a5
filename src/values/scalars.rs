//! Texts and numbers: making a handle for one, and reading it.

use core::ffi::c_int;

use super::number;
use super::scratch::{Slot, SlotExt};
use super::{Interp, State};
use crate::abi::*;
use crate::base::Result;

impl State {
    /// A string of its own.
    #[inline]
    pub fn make_string(&mut self, text: &[u8]) -> Result<lifecycle_handle> {
        let text = self.copy_bytes(self.top(), text)?;
        self.handles.make(Slot::string(text))
    }

    /// An integer.
    #[inline]
    pub fn make_int(&mut self, value: i64) -> Result<lifecycle_handle> {
        self.handles.make(Slot::new(LIFECYCLE_INT, value as u64))
    }

    /// A double.
    #[inline]
    pub fn make_double(&mut self, value: f64) -> Result<lifecycle_handle> {
        self.handles.make(Slot::new(LIFECYCLE_DOUBLE, value.to_bits()))
    }
}

impl Interp {
    /// See `State::make_string`.
    #[inline]
    pub fn string(&self, text: &[u8]) -> Result<lifecycle_handle> {
        self.with(|state| state.make_string(text))
    }

    /// See `State::make_int`.
    #[inline]
    pub fn int(&self, value: i64) -> Result<lifecycle_handle> {
        self.with(|state| state.make_int(value))
    }

    /// See `State::make_double`.
    #[inline]
    pub fn double(&self, value: f64) -> Result<lifecycle_handle> {
        self.with(|state| state.make_double(value))
    }

    /// What kind a handle is of.
    #[inline]
    pub fn kind(&self, handle: lifecycle_handle) -> Result<c_int> {
        if handle == 0 {
            return Ok(LIFECYCLE_NIL);
        }
        self.with(|state| Ok(state.slot(handle)?.kind()))
    }

    /// The integer, if it is one already.
    pub fn peek_int(&self, handle: lifecycle_handle) -> Result<Option<i64>> {
        if handle == 0 {
            return Ok(None);
        }
        self.with(|state| {
            let slot = state.slot(handle)?;
            Ok(if slot.kind() == LIFECYCLE_INT { Some(slot.payload as i64) } else { None })
        })
    }

    /// The double, if it is one already.
    pub fn peek_double(&self, handle: lifecycle_handle) -> Result<Option<f64>> {
        if handle == 0 {
            return Ok(None);
        }
        self.with(|state| {
            let slot = state.slot(handle)?;
            let is_double = slot.kind() == LIFECYCLE_DOUBLE;
            Ok(if is_double { Some(f64::from_bits(slot.payload)) } else { None })
        })
    }

    /// What it is as an integer.
    #[inline]
    pub fn as_int(&self, handle: lifecycle_handle) -> Result<i64> {
        let slot = self.with(|state| state.slot(handle).copied())?;
        match slot.kind() {
            LIFECYCLE_INT => Ok(slot.payload as i64),
            LIFECYCLE_DOUBLE => number::int_of_double(f64::from_bits(slot.payload)),
            _ => number::int_of_text(self.text(handle)?.bytes()),
        }
    }

    /// What it is as a double.
    #[inline]
    pub fn as_double(&self, handle: lifecycle_handle) -> Result<f64> {
        let slot = self.with(|state| state.slot(handle).copied())?;
        match slot.kind() {
            LIFECYCLE_DOUBLE => Ok(f64::from_bits(slot.payload)),
            LIFECYCLE_INT => Ok(slot.payload as i64 as f64),
            _ => number::double_of_text(self.text(handle)?.bytes()),
        }
    }
}

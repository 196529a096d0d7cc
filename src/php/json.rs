//! PHP's own JSON, with its default flags: what users know from `json_encode()`.

use ext_php_rs::types::{ZendStr, Zval};

use crate::php::exception::Failure;
use crate::php::{Halt, call, guarded};

/// Nesting that `json_decode` follows; above the 512 that `json_encode` allows.
const DEPTH: i64 = 1_024;

/// The value as JSON text.
pub fn encode(value: &Zval) -> Result<Vec<u8>, Failure> {
    let json = call("json_encode", &[value])?;
    if let Some(bytes) = json.as_ref().and_then(Zval::binary_slice::<u8>) {
        return Ok(bytes.to_vec());
    }
    let why = call("json_last_error_msg", &[])?
        .and_then(|text| text.string())
        .unwrap_or_else(|| "this PHP has no json_encode()".into());
    Err(Failure::Argument(format!(
        "the data can't be encoded as JSON: {why}; push arrays, scalars, UTF-8 strings or JsonSerializable objects"
    )))
}

/// The text as arrays and scalars.
pub fn decode(json: &[u8]) -> Result<Zval, Halt> {
    let text = guarded(|| string(json))?;
    Ok(call("json_decode", &[&text, &true, &DEPTH])?.unwrap_or_else(Zval::null))
}

/// Bytes as a PHP string. May bail out: to be called inside [`guarded`].
pub fn string(bytes: &[u8]) -> Zval {
    let mut value = Zval::new();
    value.set_zend_string(ZendStr::new(bytes, false));
    value
}

//! ZIP archives of stored files, as much of them as `.npz` needs: no compression, no encryption, less
//! than 4 GiB. It knows bytes and names.

/// Signatures of the three kinds of record.
const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";

/// The archive of these files.
///
/// # Errors
/// When it would be too large, or two files have one name.
pub(crate) fn archive(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, String> {
    let large = |_| "the archive would have 4 GiB or more".to_owned();
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (k, (name, content)) in files.iter().enumerate() {
        if files[..k].iter().any(|(other, _)| other == name) {
            return Err(format!("two of its files are called `{name}`"));
        }
        let start = u32::try_from(bytes.len()).map_err(large)?;
        let size = u32::try_from(content.len()).map_err(large)?;
        let length = u16::try_from(name.len()).map_err(|_| "a name is too long".to_owned())?;
        let mut entry = Vec::new();
        // Version 2.0; names are UTF-8; stored; midnight of the first day that the format knows.
        for field in [20, 0x800, 0, 0, 0x21_u16] {
            entry.extend(field.to_le_bytes());
        }
        entry.extend(checksum(content).to_le_bytes());
        entry.extend(size.to_le_bytes());
        entry.extend(size.to_le_bytes());
        entry.extend(length.to_le_bytes());
        entry.extend([0, 0]);
        bytes.extend(LOCAL);
        bytes.extend(&entry);
        bytes.extend(name.as_bytes());
        bytes.extend(content);
        directory.extend(CENTRAL);
        directory.extend(20_u16.to_le_bytes());
        directory.extend(&entry);
        // No comment, first disk, no attributes.
        directory.extend([0; 10]);
        directory.extend(start.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = u32::try_from(bytes.len()).map_err(large)?;
    let size = u32::try_from(directory.len()).map_err(large)?;
    let count = u16::try_from(files.len()).map_err(|_| "there are too many files".to_owned())?;
    bytes.extend(directory);
    bytes.extend(END);
    bytes.extend([0; 4]);
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend(size.to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0; 2]);
    Ok(bytes)
}

/// The files of an archive, in the order of its directory.
///
/// # Errors
/// When it is damaged or compressed.
pub(crate) fn files(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let damaged = || "it is no complete ZIP archive".to_owned();
    // The end record has 22 bytes and a comment of up to 65535.
    let first = bytes.len().saturating_sub(22 + 65_535);
    let end = bytes[first..].windows(4).rposition(|four| four == END);
    let end = first + end.ok_or_else(damaged)?;
    let comment = number(bytes, end + 20, 2).ok_or_else(damaged)?;
    if end + 22 + comment > bytes.len() {
        return Err(damaged());
    }
    let count = number(bytes, end + 10, 2).ok_or_else(damaged)?;
    let mut at = number(bytes, end + 16, 4).ok_or_else(damaged)?;
    let mut files = Vec::new();
    for _ in 0..count {
        if bytes.get(at..at + 4) != Some(&CENTRAL) {
            return Err(damaged());
        }
        let field = |offset: usize, size: usize| number(bytes, at + offset, size);
        let fields = [
            (10, 2),
            (16, 4),
            (20, 4),
            (24, 4),
            (28, 2),
            (30, 2),
            (32, 2),
            (42, 4),
        ];
        let fields = fields.map(|(offset, size)| field(offset, size));
        let [
            Some(method),
            Some(sum),
            Some(packed),
            Some(size),
            Some(name),
            Some(extra),
            Some(comment),
            Some(start),
        ] = fields
        else {
            return Err(damaged());
        };
        let text = bytes.get(at + 46..at + 46 + name).ok_or_else(damaged)?;
        let text = String::from_utf8_lossy(text).into_owned();
        if method != 0 {
            return Err(format!(
                "`{text}` is compressed: save it with `numpy.savez` instead of `savez_compressed`"
            ));
        }
        // The local header has its own lengths of name and extra field.
        let lengths = [26, 28].map(|offset| number(bytes, start + offset, 2));
        let [Some(own_name), Some(own_extra)] = lengths else {
            return Err(damaged());
        };
        let begin = start + 30 + own_name + own_extra;
        let content = bytes
            .get(begin..begin.saturating_add(size))
            .ok_or_else(damaged)?;
        if packed != size || checksum(content) as usize != sum {
            return Err(format!("`{text}` in it is damaged"));
        }
        files.push((text, content.to_vec()));
        at += 46 + name + extra + comment;
    }
    Ok(files)
}

/// A little-endian number, if it is inside.
fn number(bytes: &[u8], at: usize, size: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(size)?)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |all, &byte| all << 8 | usize::from(byte)),
    )
}

/// The CRC-32 of the format: reflected polynomial 0xEDB88320.
fn checksum(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let mut sum = byte as u32;
            let mut bit = 0;
            while bit < 8 {
                sum = if sum & 1 == 1 {
                    sum >> 1 ^ 0xEDB8_8320
                } else {
                    sum >> 1
                };
                bit += 1;
            }
            table[byte] = sum;
            byte += 1;
        }
        table
    };
    let step = |sum: u32, &byte: &u8| TABLE[((sum ^ u32::from(byte)) & 0xFF) as usize] ^ sum >> 8;
    !bytes.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_read_back_and_damage_is_seen() {
        // The check value of the polynomial.
        assert_eq!(checksum(b"123456789"), 0xCBF4_3926);
        let content = vec![
            ("a.npy".to_owned(), b"first".to_vec()),
            ("\u{e4}/b".to_owned(), Vec::new()),
        ];
        let bytes = archive(&content).unwrap();
        assert_eq!(files(&bytes), Ok(content.clone()));
        for end in 0..bytes.len() {
            assert!(files(&bytes[..end]).is_err(), "cut at {end}");
        }
        let mut spoilt = bytes;
        spoilt[36] ^= 1;
        assert!(files(&spoilt).unwrap_err().contains("`a.npy`"));
        assert!(archive(&[content.clone(), content].concat()).is_err());
    }
}

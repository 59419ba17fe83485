//! A network namespace without a name, for as long as a test runs.

use std::ffi::CString;

use rtnetlink::LinkVeth;

/// Runs a test in a network namespace of its own, which ends with it.
pub(crate) fn in_namespace(test: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let outcome = scope
            .spawn(|| {
                // SAFETY: unshare(2) takes a number, and this thread runs nothing else.
                let left = unsafe { libc::unshare(libc::CLONE_NEWNET) };
                assert_eq!(left, 0, "{}", std::io::Error::last_os_error());
                test();
            })
            .join();
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    });
}

/// Makes a veth pair in the thread's namespace: `name` and `name` with an `x`.
pub(crate) fn add_veth(name: &str) {
    let peer = format!("{name}x");
    netlink(|links| async move {
        let veth = LinkVeth::new(name, &peer).build();
        links.add(veth).execute().await
    });
}

/// Removes an interface, and of a veth pair both.
pub(crate) fn delete(name: &str) {
    let index = index(name);
    netlink(|links| async move { links.del(index).execute().await });
}

/// Index of an interface, 0 where there is none.
pub(crate) fn index(name: &str) -> u32 {
    let name = CString::new(name).expect("no zero in it");
    // SAFETY: a string that lives through the call.
    unsafe { libc::if_nametoindex(name.as_ptr()) }
}

fn netlink<F: Future<Output = Result<(), rtnetlink::Error>>>(
    request: impl FnOnce(rtnetlink::LinkHandle) -> F,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (connection, handle, _) = rtnetlink::new_connection().expect("a socket");
        tokio::spawn(connection);
        request(handle.link()).await.expect("answered");
    });
}

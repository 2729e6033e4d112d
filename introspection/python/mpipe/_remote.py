# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""A pipeline that was handed to a worker of another one: the worker asks the program that has it."""

import multiprocessing.connection as connection
import os
import threading

_servers = {}     # by the id of the pipeline: what a worker needs to connect


def serve(pipeline):
    """What a worker needs to reach `pipeline`. The program answers on threads of its own."""
    known = _servers.get(id(pipeline))
    if known is None:
        key = os.urandom(32)
        listener = connection.Listener(family='AF_UNIX', authkey=key)
        threading.Thread(target=_accept, args=(listener, pipeline), daemon=True, name='mpipe-remote').start()
        known = _servers[id(pipeline)] = pipeline, (listener.address, key)
    return known[1]


def _accept(listener, pipeline):
    while True:
        try:
            link = listener.accept()
        except (OSError, EOFError, connection.AuthenticationError):
            continue
        threading.Thread(target=_answer, args=(link, pipeline), daemon=True, name='mpipe-remote').start()


def _answer(link, pipeline):
    with link:
        while True:
            try:
                method, arguments = link.recv()
            except (OSError, EOFError):
                return
            try:
                answer = True, getattr(pipeline, method)(*arguments)
            except Exception as error:
                answer = False, f'{type(error).__name__}: {error}'
            try:
                link.send(answer)
            except OSError:
                return


class RemotePipeline:
    """Has the methods of a Pipeline."""

    def __init__(self, address):
        self._address = address
        self._link = connection.Client(address[0], authkey=address[1])

    def _call(self, method, *arguments):
        self._link.send((method, arguments))
        done, answer = self._link.recv()
        if not done:
            raise RuntimeError(answer)
        return answer

    def put(self, task):
        self._call('put', task)

    def get(self, timeout=None):
        return self._call('get', timeout)

    def results(self):
        while True:
            result = self.get()
            if result is None:
                return
            yield result

    def __reduce__(self):
        return connect, (self._address,)


def connect(address):
    return RemotePipeline(address)

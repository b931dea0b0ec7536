# An image with the command and its dashboard, and no compiler: `make wheels`, then `docker build -t syntonic .`
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" syntonic -cn digits
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" --network host syntonic ui
FROM python:3.11-slim
COPY target/wheels/*.whl /wheels/
RUN pip install --no-cache-dir "$(ls /wheels/*_$(uname -m).whl)[ui]" && rm -r /wheels
ENV HOME=/tmp
WORKDIR /work
ENTRYPOINT ["syntonic-run"]

# `make up` and `make test` are the two commands; the rest are their parts.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
CONFIG := mar_config/skin_lesion_model_config.json

.PHONY: up test test-unit test-serving test-training test-long test-long-serving test-long-training check env model clean always
.DEFAULT_GOAL := up

up: env model
	@$(BIN)/python -m up

# Unit tests side by side, each on one core. Those of serving share one Ray Serve and one
# TorchServe; they wait much, and those of training compute meanwhile, after them.
test: env
	$(MAKE) --jobs=2 --output-sync=recurse check test-unit
	$(MAKE) --jobs=2 --output-sync=recurse test-serving test-training

test-unit: env
	OMP_NUM_THREADS=1 $(BIN)/pytest tests/unit -m "not long" --numprocesses auto --maxprocesses 24

test-serving: env
	$(BIN)/pytest tests/contract tests/browser -m "not long"

test-training: env
	nice -n 19 $(BIN)/pytest tests/training -m "not long"

test-long: env
	$(MAKE) --jobs=2 --output-sync=recurse test-long-serving test-long-training

test-long-serving: env
	$(BIN)/pytest tests/unit tests/contract -m long
	$(BIN)/pytest tests/contract/test_parity.py tests/contract/test_explanations.py --model model_store/best_model.pth

test-long-training: env
	nice -n 19 $(BIN)/pytest tests/training -m long

check: env
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

env: $(VENV)/installed
model: model_store/skin_vit.mar

# uv unpacks the many small ones in a fifth of pip's time; torch comes by pip, from where pip is told
# to look, and so does all else where only pip knows of a mirror.
$(VENV)/installed: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed; name it with make PYTHON=/path/to/python3.11" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch torchvision uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -c constraints.txt -e ".[dev]" \
		|| $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

# The checkpoint's hash, written anew where it is another: one that was put back or copied may be older
# than the model of the one before. What was exported by hand stays as long as the checkpoint does, or
# if it is of the new one; then the file is as old as that, and does not ask for an export.
model_store/skin_vit.checkpoint: model_store/best_model.pth always | env
	@found=$$($(BIN)/python -c 'import hashlib, sys; print(hashlib.file_digest(sys.stdin.buffer, "sha256").hexdigest())' < $<) || exit; \
	before=$$(cat $@ 2>/dev/null); \
	if [ "$$found" != "$$before" ]; then \
		echo "$$found" > $@; \
		if [ -z "$$before" ] || grep -qs "$$found" $(CONFIG); then touch -r $< $@; fi; \
	fi

model_store/skin_vit.pt: model_store/best_model.pth model_store/skin_vit.checkpoint $(wildcard train/*.py train/doubt/*.py handlers/*.py) | env
	$(BIN)/python -m train.pth_to_pt

# Written with the model, just before it.
$(CONFIG): model_store/skin_vit.pt
	@test -f $@ || $(BIN)/python -m train.pth_to_pt

model_store/skin_vit.mar: model_store/skin_vit.pt $(CONFIG) $(wildcard handlers/*.py mar_config/*.py) mar_config/model-config.yaml
	$(BIN)/python -m mar_config.build

clean:
	rm -rf $(VENV) logs mlflow_data model_store/skin_vit.* $(CONFIG)
